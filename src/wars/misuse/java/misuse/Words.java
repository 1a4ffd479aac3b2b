package misuse;

import jakarta.servlet.http.HttpSession;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * What can be done with a session in one word, by HTTP and by WebSocket alike; a word that throws is answered by the
 * exception's name.
 */
final class Words {
    private Words() {}

    /** Does what {@code words} say, separated by semicolons, and returns the answers. */
    static String answer(HttpSession session, String words) {
        StringBuilder answers = new StringBuilder();
        for (String word : words.split(";")) {
            answers.append(answers.isEmpty() ? "" : " | ").append(one(session, word.strip()));
        }
        return answers.toString();
    }

    /** One word; what it throws is an answer. */
    static String one(HttpSession session, String word) {
        if (session == null) {
            return "no session";
        }
        try {
            return one(session, word.split(" ", 4));
        } catch (IllegalStateException
                | IllegalArgumentException
                | NullPointerException
                | UnsupportedOperationException e) {
            return "!" + e.getClass().getSimpleName()
                    + (e instanceof IllegalArgumentException ? " " + e.getMessage() : "");
        }
    }

    private static String one(HttpSession session, String[] word) {
        return switch (word[0]) {
            case "set" -> set(session, word[1], Values.of(word[2], word[3]));
            case "setNull" -> set(session, word[1], null);
            case "setSession" -> set(session, word[1], session);
            case "setNameless" -> set(session, null, "x");
            case "getNameless" -> String.valueOf(session.getAttribute(null));
            case "again" -> set(session, word[1], session.getAttribute(word[1]));
            case "copy" -> set(session, word[2], session.getAttribute(word[1]));
            case "get" -> Values.words(session.getAttribute(word[1]));
            case "shows" ->
                String.valueOf(String.valueOf(session.getAttribute(word[1])).contains(word[2]));
            case "same" -> String.valueOf(session.getAttribute(word[1]) == session.getAttribute(word[2]));
            case "isSelf" -> String.valueOf(session.getAttribute(word[1]) == session);
            case "identity" -> String.valueOf(System.identityHashCode(session.getAttribute(word[1])));
            case "stable" -> String.valueOf(session.getAttribute(word[1]) == session.getAttribute(word[1]));
            case "change" -> change(session, word[1], word[2]);
            case "grow" -> change(session, word[1], "x".repeat(Integer.parseInt(word[2])));
            case "shrink" -> {
                ((List<?>) session.getAttribute(word[1])).remove(1);
                yield "ok";
            }
            case "size" -> String.valueOf(((List<?>) session.getAttribute(word[1])).size());
            case "remove" -> remove(session, word[1]);
            case "removeAll" -> removeAll(session);
            case "names" -> String.join(",", sorted(session));
            case "count" -> String.valueOf(sorted(session).size());
            case "many" -> many(session, Integer.parseInt(word[1]));
            case "longName" -> set(session, "n".repeat(Integer.parseInt(word[1])), "x");
            case "isNew" -> String.valueOf(session.isNew());
            case "times" ->
                String.valueOf(session.getCreationTime() <= session.getLastAccessedTime()
                        && session.getLastAccessedTime() <= System.currentTimeMillis() + 1000);
            case "created" -> String.valueOf(session.getCreationTime());
            case "context" ->
                session.getServletContext().getContextPath().isEmpty()
                        ? "root"
                        : session.getServletContext().getServletContextName();
            case "maxInactive" -> String.valueOf(session.getMaxInactiveInterval());
            case "setMaxInactive" -> {
                session.setMaxInactiveInterval(Integer.parseInt(word[1]));
                yield "ok";
            }
            case "invalidate" -> {
                session.invalidate();
                yield "ok";
            }
            case "id" -> session.getId();
            case "thread" ->
                CompletableFuture.supplyAsync(
                                () -> one(
                                        session, String.join(" ", List.of(word).subList(1, word.length))),
                                Words::runBare)
                        .join();
            case "events" -> "";
            default -> throw new UnsupportedOperationException("no word " + word[0]);
        };
    }

    // A thread that knows nothing of the application.
    static void runBare(Runnable task) {
        Thread thread = new Thread(task, "bare");
        thread.setContextClassLoader(null);
        thread.start();
    }

    private static String set(HttpSession session, String name, Object value) {
        session.setAttribute(name, value);
        return "ok";
    }

    private static String change(HttpSession session, String name, String text) {
        Values.change(session.getAttribute(name), text);
        return "ok";
    }

    private static String remove(HttpSession session, String name) {
        session.removeAttribute(name);
        return "ok";
    }

    private static String removeAll(HttpSession session) {
        for (Enumeration<String> names = session.getAttributeNames(); names.hasMoreElements(); ) {
            session.removeAttribute(names.nextElement());
        }
        return "ok";
    }

    private static String many(HttpSession session, int count) {
        for (int i = 0; i < count; i++) {
            session.setAttribute("many" + i, i);
        }
        return "ok";
    }

    private static List<String> sorted(HttpSession session) {
        List<String> names = Collections.list(session.getAttributeNames());
        Collections.sort(names);
        return names;
    }
}
