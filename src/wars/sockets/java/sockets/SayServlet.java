package sockets;

import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/** {@code /say?m=<words>}: {@link Answers} by HTTP, and a few words that need the request or the web application. */
@WebServlet("/say")
public class SayServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
            throws IOException, ServletException {
        String message = request.getParameter("m");
        response.setContentType("text/plain");
        response.setHeader("Cache-Control", "no-store");
        response.getWriter().print(answer(request, message));
    }

    private static String answer(HttpServletRequest request, String message) throws ServletException {
        return switch (message) {
            case "open" -> request.getSession(true).getId();
            case "changeId" -> request.changeSessionId();
            case "delivered" -> String.valueOf(Answers.DELIVERED.get());
            case "hold" -> {
                Slow.hold();
                yield "ok";
            }
            case "release" -> {
                Slow.release();
                yield "ok";
            }
            case "who" -> String.valueOf(request.getRemoteUser());
            case "login" -> {
                request.login("user", "password");
                yield request.getSession().getId();
            }
            case "logout" -> {
                request.logout();
                yield "ok";
            }
            default -> Answers.to(request.getSession(false), message);
        };
    }
}
