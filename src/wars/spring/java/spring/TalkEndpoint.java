package spring;

import jakarta.servlet.http.HttpSession;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpoint;
import java.util.concurrent.CompletableFuture;
import org.springframework.security.core.context.SecurityContext;

/**
 * Answers who is logged in as the session says now; {@code thread} asks from a thread that knows nothing of the
 * application.
 */
@ServerEndpoint("/talk")
public class TalkEndpoint {
    private HttpSession session;

    /** Keeps the session. */
    @OnOpen
    public void open(Session socket) {
        session = (HttpSession) socket.getUserProperties().get("jakarta.servlet.http.HttpSession");
    }

    /** Answers one message. */
    @OnMessage
    public String message(String message) {
        return switch (message) {
            case "id" -> session.getId();
            case "thread" ->
                CompletableFuture.supplyAsync(this::who, TalkEndpoint::runBare).join();
            default -> who();
        };
    }

    private String who() {
        return session.getAttribute("SPRING_SECURITY_CONTEXT") instanceof SecurityContext context
                ? context.getAuthentication().getName()
                : "nobody";
    }

    private static void runBare(Runnable task) {
        Thread thread = new Thread(task, "bare");
        thread.setContextClassLoader(null);
        thread.start();
    }
}
