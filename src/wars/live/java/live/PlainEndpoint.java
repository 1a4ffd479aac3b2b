package live;

import jakarta.websocket.CloseReason;
import jakarta.websocket.OnClose;
import jakarta.websocket.OnError;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpoint;

/** No {@code Configurator}: the session is the one that the container left in the user properties. */
@ServerEndpoint("/plain")
public class PlainEndpoint {
    private Talk talk;

    /** Begins the talk. */
    @OnOpen
    public void open(Session socket) {
        talk = new Talk("plain", Talk.sessionOf(socket.getUserProperties()));
    }

    /** Answers one message. */
    @OnMessage
    public String message(String message) {
        return talk.answer(message);
    }

    /** Notes the close. */
    @OnClose
    public void close(CloseReason reason) {
        talk.closed(reason);
    }

    /** Notes the error. */
    @OnError
    public void error(Throwable failure) {
        talk.failed(failure);
    }
}
