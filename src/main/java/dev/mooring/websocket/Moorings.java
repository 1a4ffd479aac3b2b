package dev.mooring.websocket;

import dev.mooring.session.LiveSession;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The WebSockets of this node that are tied to a session. Thread-safe; only {@link #nodeStops} blocks. */
public final class Moorings {

    /** The close reason that clients read when their node stops. */
    static final String NODE_STOPS = "node stops";

    private static final Duration FAREWELL = Duration.ofSeconds(1);
    private static final Logger LOG = LoggerFactory.getLogger(Moorings.class);

    private final SocketPolicy policy;
    private final Set<Mooring> open = ConcurrentHashMap.newKeySet();

    /**
     * Starts with none.
     *
     * @param policy what the properties say
     */
    public Moorings(SocketPolicy policy) {
        this.policy = policy;
    }

    SocketPolicy policy() {
        return policy;
    }

    /** Ties a socket whose 101 is about to leave to its session. */
    Mooring moor(LiveSession session, WebSocketCoreSession socket, Scheduler scheduler) {
        Mooring mooring = new Mooring(session, socket, this, scheduler);
        open.add(mooring);
        mooring.make();
        return mooring;
    }

    void remove(Mooring mooring) {
        open.remove(mooring);
    }

    /**
     * Returns how many WebSockets are tied to a session.
     *
     * @return the number of open ones on this node
     */
    public int size() {
        return open.size();
    }

    /** Closes all with 1001, which tells clients to come back. Blocks until the frames have left, at most for a second. */
    public void nodeStops() {
        CompletableFuture<?>[] farewells = open.stream()
                .map(mooring -> {
                    Callback.Completable sent = new Callback.Completable();
                    mooring.nodeStops(sent);
                    return sent;
                })
                .toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.allOf(farewells).get(FAREWELL.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("Not every WebSocket could be closed before this node stops", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
