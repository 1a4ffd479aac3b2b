package sockets;

import jakarta.servlet.http.HttpSession;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.annotations.OnWebSocketMessage;
import org.eclipse.jetty.websocket.api.annotations.WebSocket;

/** An endpoint of Jetty's own API. */
@WebSocket
public class JettySocket {
    private final HttpSession http;

    /** Takes what {@code JettyServerUpgradeRequest.getSession()} answered. */
    JettySocket(Object session) {
        http = (HttpSession) session;
    }

    /** Answers one message. */
    @OnWebSocketMessage
    public void message(Session socket, String message) {
        Answers.DELIVERED.incrementAndGet();
        socket.sendText(Answers.to(http, message), Callback.NOOP);
    }
}
