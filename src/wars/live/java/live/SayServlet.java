package live;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * {@code /say?m=<words>}: one word of {@link Words} for the request's session, or one that needs the request:
 * {@code open} creates the session, {@code changeId} gives it a new id, {@code early <words>} answers after the
 * response was committed, {@code journal <kind>} reads the {@link Journal}, {@code await <gate>} and
 * {@code release <gate>} work the {@link Gates}, {@code openHeld <gate>} opens a session and answers once the gate is
 * open, {@code async <gate> <words>} answers asynchronously once the gate is open, at once for the gate {@code -},
 * {@code keep <name>} keeps the session object on this node and {@code kept <name> <words>} says something to it later,
 * outside of any request.
 */
@WebServlet(value = "/say", asyncSupported = true)
public class SayServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;

    private static final Map<String, HttpSession> KEPT = new ConcurrentHashMap<>();

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String message = request.getParameter("m");
        response.setContentType("text/plain");
        response.setCharacterEncoding(StandardCharsets.UTF_8.name());
        response.setHeader("Cache-Control", "no-store");
        if (message.startsWith("async ")) {
            answerLater(request, message.split(" ", 3));
            return;
        }
        if (message.startsWith("early ")) {
            response.getWriter().print("");
            response.flushBuffer();
            message = message.substring("early ".length());
        }
        try {
            response.getWriter().print(answer(request, message));
        } catch (IllegalStateException ended) {
            // Jetty's getSession looks into the session, which may end meanwhile.
            response.getWriter().print("!" + ended.getClass().getSimpleName());
        }
    }

    private static void answerLater(HttpServletRequest request, String[] words) {
        HttpSession session = sessionOf(request);
        AsyncContext later = request.startAsync();
        later.setTimeout(0);
        Thread thread = new Thread(() -> {
            try {
                if (!words[1].equals("-")) {
                    Gates.pass(words[1]);
                }
                later.getResponse().getWriter().print(Words.answer(session, words[2]));
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            } finally {
                later.complete();
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private static String answer(HttpServletRequest request, String message) {
        String[] words = message.split(" ", 2);
        return switch (words[0]) {
            case "open" -> open(request.getSession(true), words);
            case "openHeld" -> {
                String id = request.getSession(true).getId();
                Gates.pass(words[1]);
                yield id;
            }
            case "changeId" -> changeId(request);
            case "journal" -> Journal.read(words[1]);
            case "keep" -> {
                KEPT.put(words[1], request.getSession(false));
                yield "ok";
            }
            case "kept" -> kept(words[1].split(" ", 2));
            case "await" -> {
                Gates.reached(words[1]);
                yield "ok";
            }
            case "release" -> {
                Gates.open(words[1]);
                yield "ok";
            }
            default -> Words.answer(request.getSession(false), message);
        };
    }

    /** {@code open <who>} names the session's owner: the journal's lines end with that name. */
    private static String open(HttpSession session, String[] words) {
        if (words.length == 2) {
            session.setAttribute("who", words[1]);
        }
        return session.getId();
    }

    private static HttpSession sessionOf(HttpServletRequest request) {
        try {
            return request.getSession(false);
        } catch (IllegalStateException ended) {
            return null;
        }
    }

    private static String kept(String[] words) {
        HttpSession session = KEPT.get(words[0]);
        return CompletableFuture.supplyAsync(() -> Words.answer(session, words[1]))
                .join();
    }

    private static String changeId(HttpServletRequest request) {
        return request.getSession(false) == null ? Words.NONE : request.changeSessionId();
    }
}
