package live;

import jakarta.servlet.http.HttpSession;
import jakarta.websocket.CloseReason;
import java.util.Map;

/** One WebSocket's talk with one session, the same for every kind of endpoint. */
final class Talk {
    private final String endpoint;
    private final HttpSession session;
    private final String who;

    /**
     * Begins the talk in {@code @OnOpen}.
     *
     * @param endpoint the endpoint's path, for the journal
     * @param session the session, or null where the upgrade brought none
     */
    Talk(String endpoint, HttpSession session) {
        this.endpoint = endpoint;
        this.session = session;
        this.who = Words.answer(session, "get who");
    }

    /** The session that the container left in the user properties; null where the upgrade brought none. */
    static HttpSession sessionOf(Map<String, Object> userProperties) {
        return (HttpSession) userProperties.get("jakarta.servlet.http.HttpSession");
    }

    /** Answers one message. */
    String answer(String message) {
        return Words.answer(session, message);
    }

    /**
     * Notes in the journal who was closed, how, and what the handle still answers:
     * {@code closed plain ada 1008 reason | id}.
     */
    void closed(CloseReason reason) {
        Journal.note("closed " + endpoint + " " + who + " "
                + reason.getCloseCode().getCode() + " " + reason.getReasonPhrase() + " | " + answer("get who"));
    }

    /** Notes in the journal what went wrong: {@code error plain ada java.io.EOFException}. */
    void failed(Throwable failure) {
        Journal.note("error " + endpoint + " " + who + " " + failure);
    }
}
