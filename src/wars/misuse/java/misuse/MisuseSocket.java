package misuse;

import jakarta.servlet.http.HttpSession;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpoint;

/**
 * The words of {@link Words} by WebSocket. {@code accessor <words>} does them through an accessor that it got at the
 * opening.
 */
@ServerEndpoint("/socket")
public class MisuseSocket {
    private HttpSession session;
    private Object accessor;

    /** Keeps the session, and an accessor of it where there are any. */
    @OnOpen
    public void open(Session socket) {
        session = (HttpSession) socket.getUserProperties().get("jakarta.servlet.http.HttpSession");
        accessor = Accessors.of(session);
    }

    /** Answers one message. */
    @OnMessage
    public String message(String message) {
        if (message.startsWith("accessor ")) {
            return Accessors.access(accessor, message.substring("accessor ".length()));
        }
        return Words.answer(session, message);
    }
}
