package live;

import jakarta.servlet.http.HttpSession;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What a test can say to a session, in one line of text, by HTTP and by WebSocket alike; the answer is one line as
 * well. A word that throws is answered by {@code !} and the simple name of the exception, because that is what the
 * tests ask for.
 */
final class Words {
    /** Answer where there is no session. */
    static final String NONE = "none";

    private Words() {}

    /**
     * Does to {@code session} what {@code message} says.
     *
     * @param session the session, or null where the request or upgrade brought none
     */
    static String answer(HttpSession session, String message) {
        if (session == null) {
            return NONE;
        }
        try {
            return answer(session, message.split(" ", 3));
        } catch (IllegalStateException | IllegalArgumentException failure) {
            return "!" + failure.getClass().getSimpleName();
        }
    }

    private static String answer(HttpSession session, String[] words) {
        return switch (words[0]) {
            case "ping" -> "pong";
            case "id" -> session.getId();
            case "isNew" -> String.valueOf(session.isNew());
            case "get" -> String.valueOf(session.getAttribute(words[1]));
            case "read" -> read(session, Integer.parseInt(words[1]), words[2]);
            case "set" -> set(session, words[1], words[2]);
            case "setLocal" -> setLocal(session, words[1]);
            case "remove" -> set(session, words[1], null);
            case "watch" -> {
                session.setAttribute(words[1], new Watcher());
                yield "ok";
            }
            case "add" -> add(session, words[1]);
            case "append" -> append(session, words[1], words[2]);
            case "names" -> names(session);
            case "maxInactive" -> String.valueOf(session.getMaxInactiveInterval());
            case "setMaxInactive" -> setMaxInactive(session, Integer.parseInt(words[1]));
            case "invalidate" -> invalidate(session);
            case "hammer" -> hammer(session, Integer.parseInt(words[1]), words[2]);
            case "hold" -> hold(session, words[1], words[2]);
            case "try" -> attempt(session, words[1] + (words.length == 3 ? " " + words[2] : ""));
            default -> throw new IllegalArgumentException("unknown word " + words[0]);
        };
    }

    /** Reads an attribute many times; answers what it is, or how often it was another. */
    private static String read(HttpSession session, int times, String name) {
        Object value = session.getAttribute(name);
        int others = 0;
        for (int time = 1; time < times; time++) {
            if (session.getAttribute(name) != value) {
                others++;
            }
        }
        return others == 0 ? String.valueOf(value) : others + " other instances";
    }

    private static String set(HttpSession session, String name, String value) {
        session.setAttribute(name, value);
        return "ok";
    }

    /** Sets what cannot be serialised. */
    private static String setLocal(HttpSession session, String name) {
        session.setAttribute(name, new Object());
        return "ok";
    }

    /** Counts by one, as applications do: read, add, write. */
    private static String add(HttpSession session, String name) {
        int count = session.getAttribute(name) instanceof Integer before ? before + 1 : 1;
        session.setAttribute(name, count);
        return String.valueOf(count);
    }

    /** Changes a list in place: {@code setAttribute} is called for the first value only. */
    @SuppressWarnings("unchecked")
    private static String append(HttpSession session, String name, String value) {
        if (session.getAttribute(name) == null) {
            session.setAttribute(name, new ArrayList<String>());
        }
        List<String> list = (List<String>) session.getAttribute(name);
        list.add(value);
        return String.valueOf(list);
    }

    private static String names(HttpSession session) {
        List<String> names = Collections.list(session.getAttributeNames());
        Collections.sort(names);
        return String.join(",", names);
    }

    private static String setMaxInactive(HttpSession session, int seconds) {
        session.setMaxInactiveInterval(seconds);
        return "ok";
    }

    private static String invalidate(HttpSession session) {
        session.invalidate();
        return "ok";
    }

    /** Writes an attribute many times. */
    private static String hammer(HttpSession session, int times, String name) {
        for (int time = 0; time < times; time++) {
            session.setAttribute(name, time);
            Thread.yield();
        }
        return "ok";
    }

    /**
     * Keeps the calling request or message at work until someone opens the gate, and only then does what {@code rest}
     * says.
     */
    private static String hold(HttpSession session, String gate, String rest) {
        session.getCreationTime();
        Gates.pass(gate);
        return answer(session, rest);
    }

    /** Does what {@code rest} says; whatever it throws is answered with the exception's name and message. */
    private static String attempt(HttpSession session, String rest) {
        try {
            return answer(session, rest.split(" ", 3));
        } catch (RuntimeException failure) {
            return "!" + failure.getClass().getSimpleName() + " " + failure.getMessage();
        }
    }
}
