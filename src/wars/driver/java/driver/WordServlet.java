package driver;

import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * {@code /word?<words>}: one of {@link Words} for the request's session, or one that needs the request:
 * {@code open+number} creates the session of that number, {@code changeId} gives it a new id; both answer its id.
 */
@WebServlet("/word")
public class WordServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        byte[] answer = answer(request, request.getQueryString()).getBytes(StandardCharsets.UTF_8);
        response.setContentType("text/plain;charset=utf-8");
        response.setContentLength(answer.length);
        response.getOutputStream().write(answer);
    }

    private static String answer(HttpServletRequest request, String words) {
        return switch (words.split("\\+")[0]) {
            case "open" -> open(request.getSession(true), words);
            case "changeId" -> request.getSession(false) == null ? Words.NONE : request.changeSessionId();
            default -> Words.answer(request.getSession(false), words);
        };
    }

    private static String open(HttpSession session, String words) {
        session.setAttribute(Ends.NUMBER, words.split("\\+")[1]);
        return session.getId();
    }
}
