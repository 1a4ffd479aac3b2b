package guarded;

import jakarta.servlet.http.HttpSession;
import jakarta.websocket.OnError;
import jakarta.websocket.OnMessage;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpoint;

/** Says who the user is and what session the socket has; behind BASIC authentication. */
@ServerEndpoint("/echo")
public class Echo {
    /** Answers any message. */
    @OnMessage
    public String message(String message, Session socket) {
        Object session = socket.getUserProperties().get("jakarta.servlet.http.HttpSession");
        return socket.getUserPrincipal().getName() + " "
                + (session instanceof HttpSession http ? http.getId() : "none");
    }

    /** Lets a client go away without a word; without this, the container logs it. */
    @OnError
    public void error(Throwable failure) {
        assert failure != null;
    }
}
