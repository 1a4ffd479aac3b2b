package live;

import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * {@code /say?m=<words>}: one word of {@link Words} for the request's session, or one that needs the request: {@code open} creates the
 * session, {@code changeId} gives it a new id, {@code early <words>} answers after the response was committed,
 * {@code journal <kind>} reads the {@link Journal}, {@code await <gate>} and {@code release <gate>} work the {@link Gates}.
 */
@WebServlet("/say")
public class SayServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String message = request.getParameter("m");
        response.setContentType("text/plain");
        response.setCharacterEncoding(StandardCharsets.UTF_8.name());
        response.setHeader("Cache-Control", "no-store");
        if (message.startsWith("early ")) {
            response.getWriter().print("");
            response.flushBuffer();
            message = message.substring("early ".length());
        }
        response.getWriter().print(answer(request, message));
    }

    private static String answer(HttpServletRequest request, String message) {
        String[] words = message.split(" ", 2);
        return switch (words[0]) {
            case "open" -> open(request.getSession(true), words);
            case "changeId" -> changeId(request);
            case "journal" -> Journal.read(words[1]);
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

    private static String changeId(HttpServletRequest request) {
        return request.getSession(false) == null ? Words.NONE : request.changeSessionId();
    }
}
