package dev.mooring.websocket;

import dev.mooring.model.EndCause;
import dev.mooring.session.Attachment;
import dev.mooring.session.LiveSession;
import dev.mooring.websocket.SocketPolicy.KeepAlive;
import java.security.Principal;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;
import org.eclipse.jetty.websocket.core.AbstractExtension;
import org.eclipse.jetty.websocket.core.Extension;
import org.eclipse.jetty.websocket.core.ExtensionStack;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.IncomingFrames;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.core.OutgoingEntry;
import org.eclipse.jetty.websocket.core.OutgoingFrames;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One WebSocket tied to one session, from just before its 101 leaves until either ends. The session's end closes the
 * socket with 1008 (Jakarta WebSocket 7.2), and from the moment that this node hears of it no message is delivered any
 * more; the socket's data frames are uses of the session; the socket's end unties the two.
 *
 * <p>Thread-safe. Nothing blocks for another node or another socket.
 */
final class Mooring implements Attachment, Connection.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(Mooring.class);

    private final LiveSession session;
    private final WebSocketCoreSession socket;
    private final @Nullable Principal principal;
    private final Moorings moorings;
    private final ContextHandler context;
    private final AtomicBoolean castOff = new AtomicBoolean();
    private final Closing closing;

    /**
     * Prepares to tie two.
     *
     * @param principal whom the upgrade was authenticated as; null for nobody
     * @param context the web application
     * @param scheduler the server's
     */
    Mooring(
            LiveSession session,
            WebSocketCoreSession socket,
            @Nullable Principal principal,
            Moorings moorings,
            ContextHandler context,
            Scheduler scheduler) {
        this.session = session;
        this.socket = socket;
        this.principal = principal;
        this.moorings = moorings;
        this.context = context;
        this.closing = new Closing(socket, scheduler, castOff::get);
    }

    /**
     * Ties the two: from here on the end of either reaches the other.
     *
     * @param logouts what the session's were when the upgrade was authenticated
     */
    void make(int logouts) {
        watchFrames();
        socket.getConnection().addEventListener(this);
        session.attachments().attach(this);
        // The user may have logged out between the upgrade's authentication and this line. Attached first and
        // looked at after, the socket is closed by this thread or by the one that hears of the logout.
        if (session.attachments().logouts() != logouts) {
            loggedOut();
        }
    }

    /** Sees what the client sends, after the extensions have decoded it, and what it is sent. */
    private void watchFrames() {
        ExtensionStack stack = socket.getExtensionStack();
        List<Extension> extensions = stack.getExtensions();
        if (extensions.isEmpty()) {
            stack.initialize(watching(stack.getNextIncoming()), leaving(stack.getNextOutgoing()), socket);
            return;
        }
        if (extensions.get(0) instanceof AbstractExtension first) {
            first.setNextOutgoingFrames(leaving(first.getNextOutgoing()));
        }
        if (extensions.get(extensions.size() - 1) instanceof AbstractExtension last) {
            last.setNextIncomingFrames(watching(last.getNextIncoming()));
        } else {
            LOG.warn(
                    "Session {}: messages do not keep it alive, extension {} hides them",
                    session.key(),
                    extensions.get(extensions.size() - 1).getName());
        }
    }

    private IncomingFrames watching(IncomingFrames next) {
        boolean messagesAreUses = moorings.policy().keepAlive() == KeepAlive.MESSAGES;
        return (frame, callback) -> {
            if (frame.getOpCode() == OpCode.CLOSE && closing.hasSaidWhy()) {
                callback.succeeded();
                closing.hangUp();
                return;
            }
            if (frame.isDataFrame()) {
                if (isClosing()) {
                    drop(frame, callback);
                    return;
                }
                if (messagesAreUses) {
                    session.used();
                }
            }
            next.onFrame(frame, callback);
        };
    }

    /**
     * A client that has its answer finds on every node what the message changed in place. And whoever closes the socket
     * of a session that has ended, an endpoint that meets the end or Jetty for one that throws, closes it as the end
     * does.
     */
    private OutgoingFrames leaving(OutgoingFrames next) {
        return entry -> {
            if (entry.getFrame().isDataFrame()) {
                LiveSession.storeBeforeReply();
            }
            Callback callback = entry.getCallback();
            if (closing.hasSaidWhy()) {
                closing.whenSaid(callback);
                return;
            }
            Farewell instead = entry.getFrame().getOpCode() == OpCode.CLOSE ? atTheEnd() : null;
            next.sendFrame(new OutgoingEntry.Builder(entry)
                    .frame(instead == null ? entry.getFrame() : instead.status().toFrame())
                    .callback(Callback.from(callback::succeeded, failure -> {
                        if (closing.hasSaidWhy()) {
                            closing.whenSaid(callback);
                        } else {
                            callback.failed(failure);
                        }
                    }))
                    .build());
        };
    }

    /**
     * Returns what the client is told at the end of the session; null while that lives, or where its end closes
     * nothing.
     */
    private @Nullable Farewell atTheEnd() {
        return session.endCause()
                .filter(cause -> isClosedAtTheEnd())
                .map(Farewell::of)
                .orElse(null);
    }

    private boolean isClosing() {
        return closing.hasBegun() || session.hasEnded() && isClosedAtTheEnd();
    }

    // What the client still sends is read on: unread, it would make the network drop the close frame.
    private void drop(Frame frame, Callback callback) {
        LOG.trace("Session {}: dropped {}", session.key(), frame);
        callback.succeeded();
        socket.demand();
    }

    @Override
    public boolean keepsAlive() {
        return moorings.policy().keepAlive() == KeepAlive.OPEN && !castOff.get();
    }

    private boolean isClosedAtTheEnd() {
        return switch (moorings.policy().closeOnSessionEnd()) {
            case ALL -> true;
            case AUTHENTICATED -> principal != null;
            case NONE -> false;
        };
    }

    @Override
    public void sessionEnded(EndCause cause) {
        if (isClosedAtTheEnd()) {
            close(Farewell.of(cause), Callback.NOOP);
        }
    }

    @Override
    public void loggedOut() {
        if (principal != null && isClosedAtTheEnd()) {
            close(Farewell.LOGGED_OUT, Callback.NOOP);
        }
    }

    boolean isOf(ContextHandler stopping) {
        return context == stopping;
    }

    /**
     * This node or the web application stops: says so to the client, who may come back. Does not block.
     *
     * @param sent told when the client's close frame has left
     */
    void goAway(Farewell farewell, Callback sent) {
        // A session that ends with its node may not have got round to its sockets yet.
        Farewell atTheEnd = atTheEnd();
        close(atTheEnd == null ? farewell : atTheEnd, sent);
    }

    private void close(Farewell farewell, Callback sent) {
        if (closing.begin()) {
            moorings.count(farewell);
            LOG.debug("Session {}: closing a WebSocket, {}", session.key(), farewell.reason());
            closing.run(farewell, sent);
        } else if (closing.hasSaidWhy()) {
            closing.whenSaid(sent);
        } else {
            sent.succeeded();
        }
    }

    /** As {@link Closing#hangUp}. */
    CompletableFuture<?> hangUp() {
        return closing.hangUp();
    }

    /** Unties the socket from its session: it has closed, or was never opened. */
    void castOff() {
        if (castOff.compareAndSet(false, true)) {
            session.attachments().detach(this);
            moorings.remove(this);
        }
    }

    /**
     * The upgrade is over; a client that has gone meanwhile, or in HTTP/2 its stream, leaves no connection that could
     * close.
     */
    void upgraded() {
        EndPoint endPoint = socket.getConnection().getEndPoint();
        if (!endPoint.isOpen() || endPoint.getConnection() != socket.getConnection()) {
            castOff();
        }
    }

    @Override
    public void onClosed(Connection connection) {
        castOff();
    }

    /** Names the session, shortened, and the client's address. */
    @Override
    public String toString() {
        return "session " + session.key() + ", client " + socket.getRemoteAddress()
                + (closing.hasBegun() ? ", closing" : "");
    }
}
