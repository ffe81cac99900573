// Evaluated first in every fresh context: gives the author's script `print`, `console` and its
// input, and keeps what it printed. Nothing here reaches outside the engine: no function of the
// host is exposed, so there is none to abuse. Names that begin with "dragoman:" mark our own
// frames in stack traces. Built-ins are taken before the author can change them.
(function () {
  "use strict";
  const evaluate = eval;
  const { parse, stringify } = JSON;
  const text = String;
  const isArray = Array.isArray;
  const keys = Object.keys;
  const BaseError = Error;
  const isError = (value) => value instanceof BaseError;
  const then = Function.prototype.call.bind(Promise.prototype.then);
  const Promised = Promise;
  const wellFormed = Function.prototype.call.bind(String.prototype.toWellFormed);
  const cut = Function.prototype.call.bind(String.prototype.slice);

  const OUTPUT_LIMIT = 1048576; // characters of all that is printed
  const LOG_LINES = 50;
  const LOG_LENGTH = 500;

  const printed = [];
  const logged = [];
  let length = 0;
  let failure = null;
  let unsettled = false;

  function isObject(value) {
    return typeof value === "object" && value !== null && !isArray(value);
  }

  // A value as printed: objects and arrays as JSON, all else as String() has it.
  function shown(value) {
    if (typeof value === "string") return value;
    if (typeof value === "object" && value !== null && !isError(value)) {
      const json = stringify(value);
      return json === undefined ? text(value) : json;
    }
    return text(value);
  }

  function line(values) {
    let out = "";
    for (let i = 0; i < values.length; i++) out += (i ? " " : "") + shown(values[i]);
    return wellFormed(out);
  }

  function describe(error) {
    if (error === null) return { name: "InternalError", message: "out of memory", stack: "" };
    try {
      if (isError(error)) {
        return {
          name: cut(wellFormed(text(error.name)), 0, 100),
          message: cut(wellFormed(text(error.message)), 0, 500),
          stack: cut(wellFormed(text(error.stack)), 0, 4000),
        };
      }
      return { name: "", message: cut(wellFormed(shown(error)), 0, 500), stack: "" };
    } catch (_) {
      return { name: "", message: "an error that cannot be shown", stack: "" };
    }
  }

  const host = {
    "dragoman:print"(...values) {
      const out = line(values);
      length += out.length;
      if (length > OUTPUT_LIMIT) {
        printed.length = 0;
        throw new BaseError("more than 1 MB was printed");
      }
      printed[printed.length] = out;
    },
    "dragoman:log"(...values) {
      if (logged.length < LOG_LINES) logged[logged.length] = cut(line(values), 0, LOG_LENGTH);
    },
  };

  // The platform's own parts of the context are given anew each time and are not kept.
  function kept(context) {
    const out = { ...context };
    if (isObject(out.session)) {
      const session = { ...out.session };
      delete session.UserContext;
      for (const name of ["BotUserSession", "UserSession"]) {
        if (!isObject(session[name])) continue;
        session[name] = { ...session[name] };
        if (name === "BotUserSession") {
          delete session[name].lastMessage;
          delete session[name].lastUserMessageTime;
        }
        if (keys(session[name]).length === 0) delete session[name];
      }
      out.session = session;
      if (keys(session).length === 0) delete out.session;
    }
    if (isObject(out.entities) && keys(out.entities).length === 0) delete out.entities;
    return out;
  }

  const steps = {
    "dragoman:run"(source, input) {
      const values = parse(input);
      for (const name in values) globalThis[name] = values[name];
      globalThis.print = host["dragoman:print"];
      const log = host["dragoman:log"];
      globalThis.console = { log, info: log, warn: log, error: log, debug: log };
      try {
        const result = evaluate(source);
        if (result instanceof Promised) {
          unsettled = true;
          then(
            result,
            () => { unsettled = false; },
            (error) => { unsettled = false; failure = describe(error); },
          );
        }
      } catch (error) {
        failure = describe(error);
      }
      return "";
    },
    // Compiles and runs nothing: the first statement leaves. Same line numbers as a real run.
    "dragoman:check"(source) {
      const leave = {};
      globalThis.leave = leave;
      try {
        evaluate("throw leave;" + source);
      } catch (error) {
        if (error !== leave) failure = describe(error);
      }
      return "";
    },
    "dragoman:report"() {
      if (length > OUTPUT_LIMIT) return stringify({ output_too_big: true });
      return stringify({ failure, unsettled, printed, logged });
    },
    "dragoman:context"() {
      const context = globalThis.context;
      if (!isObject(context)) return "null";
      return stringify(kept(context));
    },
  };

  return function dragoman(step, source, input) {
    return steps["dragoman:" + step](source, input);
  };
})()
