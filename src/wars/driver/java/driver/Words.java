package driver;

import jakarta.servlet.http.HttpSession;
import java.util.Collections;
import java.util.List;

/**
 * One operation on a session, in one line of text, by HTTP and by WebSocket alike: {@code set+name+value},
 * {@code get+name}, {@code all}, {@code id}, {@code max+seconds}, {@code end}. The words keep nothing and log nothing,
 * so that 100,000 of them cost the session and nothing else.
 */
final class Words {
    /** Answer where there is no session. */
    static final String NONE = "none";

    private Words() {}

    /**
     * Does to {@code session} what {@code message} says; what the session throws is answered as {@code !} and its
     * class.
     *
     * @param session the session, or null where the request or upgrade brought none
     */
    static String answer(HttpSession session, String message) {
        if (session == null) {
            return NONE;
        }
        try {
            return answer(session, message.split("\\+"));
        } catch (RuntimeException failure) {
            return "!" + failure;
        }
    }

    private static String answer(HttpSession session, String[] words) {
        return switch (words[0]) {
            case "set" -> {
                session.setAttribute(words[1], words[2]);
                yield "ok";
            }
            case "get" -> String.valueOf(session.getAttribute(words[1]));
            case "all" -> all(session);
            case "id" -> session.getId();
            case "max" -> {
                session.setMaxInactiveInterval(Integer.parseInt(words[1]));
                yield "ok";
            }
            case "end" -> {
                session.invalidate();
                yield "ok";
            }
            default -> throw new IllegalArgumentException("unknown word " + words[0]);
        };
    }

    private static String all(HttpSession session) {
        List<String> names = Collections.list(session.getAttributeNames());
        StringBuilder all = new StringBuilder();
        names.forEach(name ->
                all.append(name).append('=').append(session.getAttribute(name)).append(' '));
        return all.toString();
    }
}
