package sockets;

import jakarta.servlet.http.HttpSession;
import jakarta.websocket.OnError;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpoint;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Opens, and works, only when a test lets it. */
@ServerEndpoint("/slow")
public class Slow {
    private static final int LIMIT_SECONDS = 20;

    private static volatile CountDownLatch gate = new CountDownLatch(0);

    private HttpSession http;

    /** Keeps every socket from opening, and every message from being done, until {@link #release}. */
    static void hold() {
        gate = new CountDownLatch(1);
    }

    /** Ends {@link #hold}. */
    static void release() {
        gate.countDown();
    }

    private static void pass() {
        try {
            if (!gate.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                throw new UnsupportedOperationException("nobody released it");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new UnsupportedOperationException("interrupted", interrupted);
        }
    }

    /** Says "open" when it is let. */
    @OnOpen
    public void open(Session socket) throws IOException {
        pass();
        http = Endpoints.sessionOf(socket);
        socket.getBasicRemote().sendText("open");
    }

    /** Counts a message, and answers when it is let; {@code flood} sends more than any client's network holds. */
    @OnMessage
    public void message(String message, Session socket) {
        Answers.DELIVERED.incrementAndGet();
        if (message.startsWith("flood")) {
            String much = "x".repeat(60_000);
            for (int i = 0; i < 500; i++) {
                socket.getAsyncRemote().sendText(much);
            }
            return;
        }
        pass();
        socket.getAsyncRemote().sendText(Answers.to(http, message));
    }

    /** Notes the error. */
    @OnError
    public void error(Throwable failure) {
        Answers.failed(http, failure);
    }
}
