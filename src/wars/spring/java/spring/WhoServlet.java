package spring;

import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;

/** {@code /who} answers who is logged in; {@code /open} opens a session for anybody. */
@WebServlet({"/who", "/open"})
public class WhoServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        response.setContentType("text/plain");
        request.getSession(true);
        Authentication who = SecurityContextHolder.getContext().getAuthentication();
        response.getWriter().print(who == null ? "nobody" : who.getName());
    }
}
