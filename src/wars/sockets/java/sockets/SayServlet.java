package sockets;

import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.stream.Collectors;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/**
 * {@code /say?m=<words>}: {@link Answers} by HTTP, and a few words that need the request or the web application; with
 * {@code close} the connection ends with the answer.
 */
@WebServlet("/say")
public class SayServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
            throws IOException, ServletException {
        String message = request.getParameter("m");
        response.setContentType("text/plain");
        response.setHeader("Cache-Control", "no-store");
        if (request.getParameter("close") != null) {
            response.setHeader("Connection", "close");
        }
        response.getWriter().print(answer(request, message));
    }

    /** What the node's own bean says of itself by JMX. */
    private static String mbean(String attribute) {
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        try {
            ObjectName name = new ObjectName("dev.mooring:type=nodereport,*");
            return String.valueOf(
                    server.getAttribute(server.queryNames(name, null).iterator().next(), attribute));
        } catch (JMException failure) {
            throw new IllegalArgumentException(attribute, failure);
        }
    }

    private static String answer(HttpServletRequest request, String message) throws ServletException {
        if (message.startsWith("mbean ")) {
            return mbean(message.substring("mbean ".length()));
        }
        if (message.startsWith("stop ") || message.startsWith("start ")) {
            String[] words = message.split(" ");
            Lives.tell(words[1], words[0]);
            return "ok";
        }
        if (message.startsWith("lives ")) {
            return String.valueOf(Lives.count(message.substring("lives ".length())));
        }
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
            case "late" -> String.valueOf(Latecomers.areThere());
            case "letGo" -> {
                Latecomers.letGo();
                yield "ok";
            }
            case "heap" -> {
                System.gc();
                System.gc();
                yield String.valueOf(
                        ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
            }
            case "threads" ->
                Thread.getAllStackTraces().keySet().stream()
                        .map(Thread::getName)
                        .collect(Collectors.joining("\n"));
            case "node" -> System.getProperty("node.name");
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
