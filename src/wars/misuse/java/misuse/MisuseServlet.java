package misuse;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * {@code /do?m=<words>}: does them in order, those of {@link Words} and those that need a request, and answers with all
 * answers and with what the listeners were told meanwhile. {@code /guarded} does the same, and a descriptor may let in
 * users only.
 */
@WebServlet(
        value = {"/do/*", "/guarded"},
        asyncSupported = true)
public class MisuseServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        response.setContentType("text/plain");
        response.setCharacterEncoding(StandardCharsets.UTF_8.name());
        response.setHeader("Cache-Control", "no-store");
        String words = String.valueOf(request.getParameter("m"));
        if (words.startsWith("async ")) {
            AsyncContext async = request.startAsync();
            async.start(() -> {
                try {
                    answer(request, response, words.substring("async ".length()));
                } catch (IOException | ServletException e) {
                    throw new IllegalStateException(e);
                } finally {
                    async.complete();
                }
            });
        } else {
            answer(request, response, words);
        }
    }

    private static void answer(HttpServletRequest request, HttpServletResponse response, String words)
            throws IOException, ServletException {
        StringBuilder answers = new StringBuilder();
        for (String part : words.split(";")) {
            String word = part.strip();
            String answer;
            if (word.equals("flush")) {
                response.getWriter().print(answers);
                response.flushBuffer();
                answers.setLength(0);
                answer = "flushed";
            } else if (word.startsWith("redirect ")) {
                response.sendRedirect(word.substring("redirect ".length()));
                answer = "";
            } else if (word.startsWith("error ")) {
                response.sendError(Integer.parseInt(word.substring("error ".length())));
                answer = "";
            } else if (word.equals("fail")) {
                Events.drain();
                throw new UnsupportedOperationException("as asked");
            } else if (word.startsWith("forward ")) {
                request.getRequestDispatcher(
                                "/do?m=" + word.substring("forward ".length()).replace(" ", "%20"))
                        .forward(request, response);
                return;
            } else if (word.startsWith("include ")) {
                request.getRequestDispatcher(
                                "/do?m=" + word.substring("include ".length()).replace(" ", "%20"))
                        .include(request, response);
                answer = "";
            } else if (word.startsWith("cross ")) {
                // cross <include or forward> <context path> <words, separated by commas>
                String[] cross = word.split(" ", 4);
                RequestDispatcher other = request.getServletContext()
                        .getContext(cross[2])
                        .getRequestDispatcher(
                                "/do?m=" + cross[3].replace(',', ';').replace(" ", "%20"));
                if (cross[1].equals("forward")) {
                    other.forward(request, response);
                    return;
                }
                other.include(request, response);
                answer = "";
            } else if (word.startsWith("change-later ")) {
                // Held from before the response is complete, changed after.
                String[] change = word.split(" ");
                Object held = request.getSession(false).getAttribute(change[1]);
                response.getWriter().print(answers + " | closed {" + Events.drain() + "}");
                response.getWriter().close();
                Values.change(held, change[2]);
                return;
            } else {
                answer = one(request, response, word);
            }
            answers.append(answers.isEmpty() ? "" : " | ").append(answer);
        }
        String events = Events.drain();
        if (!response.isCommitted() || answers.length() > 0) {
            response.getWriter().print(answers + (events.isEmpty() ? "" : " {" + events + "}"));
        }
    }

    private static String one(HttpServletRequest request, HttpServletResponse response, String word) {
        HttpSession session = request.getSession(false);
        String[] parts = word.split(" ", 3);
        return switch (parts[0]) {
            case "open" -> String.valueOf(request.getSession(true).isNew());
            case "openFailing" -> {
                Listeners.fail(true);
                try {
                    yield String.valueOf(request.getSession(true).isNew());
                } finally {
                    Listeners.fail(false);
                }
            }
            case "form" -> "log in, please";
            case "who" -> request.getRemoteUser() + " " + request.isUserInRole("user");
            case "login" -> {
                try {
                    request.login(parts[1], parts[2]);
                    yield "ok";
                } catch (ServletException e) {
                    yield "!ServletException";
                }
            }
            case "logout" -> {
                try {
                    request.logout();
                    yield "ok";
                } catch (ServletException e) {
                    yield "!ServletException";
                }
            }
            case "changeId" -> {
                try {
                    String before = session == null ? "" : session.getId();
                    String id = request.changeSessionId();
                    yield (id.equals(request.getSession().getId()) && !id.equals(before)) + "";
                } catch (IllegalStateException e) {
                    yield "!IllegalStateException";
                }
            }
            case "hasSession" -> String.valueOf(session != null);
            case "valid" ->
                request.isRequestedSessionIdValid() + " " + request.isRequestedSessionIdFromCookie() + " "
                        + request.isRequestedSessionIdFromURL();
            case "encode" -> {
                String encoded = response.encodeURL("/next");
                yield session == null ? encoded : encoded.replaceAll(session.getId() + "(\\.\\w+)?", "ID");
            }
            case "sameAfter" -> String.valueOf(request.getSession(true) == session);
            case "access" -> Accessors.access(Accessors.of(session), word.substring("access ".length()));
            default -> Words.one(session, word);
        };
    }
}
