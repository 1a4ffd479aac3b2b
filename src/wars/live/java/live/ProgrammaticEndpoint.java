package live;

import jakarta.websocket.CloseReason;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.Session;

/** An endpoint without an annotation, added by {@link Endpoints} when the context starts. */
public class ProgrammaticEndpoint extends Endpoint {
    private Talk talk;

    @Override
    public void onOpen(Session socket, EndpointConfig config) {
        talk = new Talk("programmatic", Talk.sessionOf(socket.getUserProperties()));
        // A named class: a lambda would hide the message type from the container.
        socket.addMessageHandler(new MessageHandler.Whole<String>() {
            @Override
            public void onMessage(String message) {
                socket.getAsyncRemote().sendText(talk.answer(message));
            }
        });
    }

    @Override
    public void onClose(Session socket, CloseReason reason) {
        talk.closed(reason);
    }

    @Override
    public void onError(Session socket, Throwable failure) {
        talk.failed(failure);
    }
}
