package dev.mooring.websocket;

import dev.mooring.model.EndCause;
import dev.mooring.session.Attachment;
import dev.mooring.session.LiveSession;
import dev.mooring.websocket.SocketPolicy.CloseOnSessionEnd;
import dev.mooring.websocket.SocketPolicy.KeepAlive;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;
import org.eclipse.jetty.websocket.core.AbstractExtension;
import org.eclipse.jetty.websocket.core.CloseStatus;
import org.eclipse.jetty.websocket.core.Extension;
import org.eclipse.jetty.websocket.core.ExtensionStack;
import org.eclipse.jetty.websocket.core.IncomingFrames;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One WebSocket tied to one session, from just before its 101 leaves until either ends. The session's end closes the socket
 * with 1008 (Jakarta WebSocket 7.2); the socket's data frames are uses of the session; the socket's end unties the two.
 *
 * <p>Thread-safe. Nothing blocks for another node or another socket.
 */
final class Mooring implements Attachment, Connection.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(Mooring.class);
    private static final long OPENING_MS = 10;

    private final LiveSession session;
    private final WebSocketCoreSession socket;
    private final SocketPolicy policy;
    private final Scheduler scheduler;
    private final AtomicBoolean castOff = new AtomicBoolean();

    private final Moorings moorings;

    Mooring(LiveSession session, WebSocketCoreSession socket, Moorings moorings, Scheduler scheduler) {
        this.session = session;
        this.socket = socket;
        this.moorings = moorings;
        this.policy = moorings.policy();
        this.scheduler = scheduler;
    }

    /** Ties the two: from here on the end of either reaches the other. */
    void make() {
        if (policy.keepAlive() == KeepAlive.MESSAGES) {
            watchFrames();
        }
        socket.getConnection().addEventListener(this);
        session.attach(this);
    }

    /** Counts what the client sends as use of the session, after the extensions have decoded it. */
    private void watchFrames() {
        ExtensionStack stack = socket.getExtensionStack();
        List<Extension> extensions = stack.getExtensions();
        if (extensions.isEmpty()) {
            stack.initialize(watching(stack.getNextIncoming()), stack.getNextOutgoing(), socket);
        } else if (extensions.get(extensions.size() - 1) instanceof AbstractExtension last) {
            last.setNextIncomingFrames(watching(last.getNextIncoming()));
        } else {
            LOG.warn(
                    "Session {}: messages do not keep it alive, extension {} hides them",
                    session.key(),
                    extensions.get(extensions.size() - 1).getName());
        }
    }

    private IncomingFrames watching(IncomingFrames next) {
        return (frame, callback) -> {
            if (frame.isDataFrame()) {
                session.used();
            }
            next.onFrame(frame, callback);
        };
    }

    @Override
    public boolean keepsAlive() {
        return policy.keepAlive() == KeepAlive.OPEN && !castOff.get();
    }

    @Override
    public void sessionEnded(EndCause cause) {
        if (policy.closeOnSessionEnd() != CloseOnSessionEnd.NONE) {
            close(cause);
        }
    }

    private void close(EndCause cause) {
        if (castOff.get() || socket.isClosed()) {
            return;
        }
        boolean input = socket.isInputOpen();
        boolean output = socket.isOutputOpen();
        if (input && output) {
            LOG.debug("Session {}: closing a WebSocket, {}", session.key(), cause.reason());
            socket.close(CloseStatus.POLICY_VIOLATION, cause.reason(), Callback.NOOP);
        } else if (output || !input) {
            // Before its onOpen is through, a close would abort the connection without a frame or overtake the
            // application;
            // and while the client's own close is under way, it soon is closed. Look again, there is no event to wait
            // for.
            scheduler.schedule(() -> close(cause), OPENING_MS, TimeUnit.MILLISECONDS);
        }
    }

    /** This node stops: says so to the client, who may come back on another. Does not block. */
    void nodeStops(Callback callback) {
        socket.close(CloseStatus.SHUTDOWN, Moorings.NODE_STOPS, callback);
    }

    /** Unties the socket from its session: it has closed, or was never opened. */
    void castOff() {
        if (castOff.compareAndSet(false, true)) {
            session.detach(this);
            moorings.remove(this);
        }
    }

    @Override
    public void onClosed(Connection connection) {
        castOff();
    }
}
