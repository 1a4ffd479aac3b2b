package sockets;

import jakarta.servlet.http.HttpSession;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What a client can say to a session by whatever kind of WebSocket or by HTTP: one line of text, answered by one line.
 */
final class Answers {
    /** Answer where there is no session. */
    static final String NONE = "none";

    /** How many messages have been delivered to sockets of this web application since it started. */
    static final AtomicInteger DELIVERED = new AtomicInteger();

    private Answers() {}

    /**
     * Does to {@code session} what {@code message} says; what throws is answered by the exception's simple name.
     *
     * @param session the session, or null where the request or upgrade brought none
     */
    static String to(HttpSession session, String message) {
        if (message.equals("throw")) {
            throw new UnsupportedOperationException("asked for");
        }
        if (session == null) {
            return NONE;
        }
        try {
            return to(session, message.split(" ", 3));
        } catch (IllegalStateException ended) {
            return "!" + ended.getClass().getSimpleName();
        }
    }

    private static String to(HttpSession session, String[] words) {
        return switch (words[0]) {
            case "id" -> session.getId();
            case "get" -> String.valueOf(session.getAttribute(words[1]));
            case "set" -> {
                session.setAttribute(words[1], words[2]);
                yield "ok";
            }
            case "maxInactive" -> {
                session.setMaxInactiveInterval(Integer.parseInt(words[1]));
                yield "ok";
            }
            case "invalidate" -> {
                session.invalidate();
                yield "ok";
            }
            default -> "?" + words[0];
        };
    }

    /** Notes in the session, if it lives, what went wrong in the first place; containers wrap it. */
    static void failed(HttpSession session, Throwable failure) {
        Throwable first = failure;
        while (first.getCause() != null) {
            first = first.getCause();
        }
        note(session, "error", first.getMessage());
    }

    /** Notes something in the session, if it lives. */
    static void note(HttpSession session, String name, String value) {
        if (session != null) {
            try {
                session.setAttribute(name, value);
            } catch (IllegalStateException ended) {
                // Nothing can be noted in a session that has ended.
                return;
            }
        }
    }
}
