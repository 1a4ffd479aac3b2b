package demo;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.util.stream.Collectors;

/** The page's way by HTTP: GET shows the session, POST does one {@code action} to it and shows it then. */
public class SessionServlet extends HttpServlet {

    private static final long serialVersionUID = 1L;

    /** Lets pages of the other node in: another port of the same host is another origin, though it is the same site. */
    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        String origin = request.getHeader("Origin");
        if (origin != null && !Nodes.isOrigin(origin)) {
            response.sendError(HttpServletResponse.SC_FORBIDDEN, "not an origin of this demo");
            return;
        }
        if (origin != null) {
            response.setHeader("Access-Control-Allow-Origin", origin);
            response.setHeader("Access-Control-Allow-Credentials", "true");
        }
        response.setHeader("Vary", "Origin");
        response.setHeader("Cache-Control", "no-store");
        super.service(request, response);
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if ("/nodes".equals(request.getServletPath())) {
            String host = request.getServerName();
            answer(
                    response,
                    Nodes.all().stream()
                            .map(node -> "{\"name\":" + SessionView.quoted(node.name()) + ",\"origin\":"
                                    + SessionView.quoted(node.origin(host)) + "}")
                            .collect(Collectors.joining(",", "[", "]")));
            return;
        }
        show(request, response);
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String action = String.valueOf(request.getParameter("action"));
        HttpSession session = request.getSession("begin".equals(action));
        if (session == null) {
            response.setStatus(HttpServletResponse.SC_CONFLICT);
            answer(response, SessionView.none());
            return;
        }
        try {
            switch (action) {
                case "begin" -> {}
                case "set" -> SessionView.set(session, request.getParameter("name"), request.getParameter("value"));
                case "remove" -> session.removeAttribute(request.getParameter("name"));
                case "count" -> SessionView.count(session, "HTTP");
                case "newId" -> request.changeSessionId();
                case "logOut" -> session.invalidate();
                default ->
                    throw new IllegalArgumentException("action: expected begin, set, remove, count, newId, logOut");
            }
        } catch (IllegalArgumentException refused) {
            response.sendError(HttpServletResponse.SC_BAD_REQUEST, refused.getMessage());
            return;
        }
        show(request, response);
    }

    private static void show(HttpServletRequest request, HttpServletResponse response) throws IOException {
        HttpSession session = request.getSession(false);
        answer(response, session == null ? SessionView.none() : SessionView.of(session));
    }

    private static void answer(HttpServletResponse response, String json) throws IOException {
        response.setContentType("application/json");
        response.setCharacterEncoding("UTF-8");
        response.getWriter().print(json);
    }
}
