package dev.mooring.websocket;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;
import org.eclipse.jetty.websocket.core.OutgoingEntry;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.jspecify.annotations.Nullable;

/**
 * How one WebSocket is closed from here, so that its client reads why: it is told as soon as the socket is really open,
 * is left a moment to answer, and is cut off if it does not. Thread-safe. Nothing blocks, but the application's
 * {@code onClose} on a thread that hangs up.
 */
final class Closing {

    private static final long OPENING_MS = 10;

    /** How long a client may take to read its close frame. */
    private static final long READING_MS = 5_000;

    /** How long a client may take to answer a close frame that has left. */
    private static final long ANSWERING_MS = 1_000;

    private final WebSocketCoreSession socket;
    private final Scheduler scheduler;
    private final BooleanSupplier gone;

    /** Set by the first who has a reason to close; what the client sends from then on is dropped. */
    private final AtomicBoolean begun = new AtomicBoolean();

    /** What the client was told, before its answer; written by whoever set {@link #begun}. */
    private volatile @Nullable Farewell said;

    /** Completes when that has left. */
    private final CompletableFuture<@Nullable Void> saidSo = new CompletableFuture<>();

    /** Set by the first who closes the connection. */
    private final AtomicBoolean hangingUp = new AtomicBoolean();

    /** Completes when that is done, and the application's {@code onClose} with it. */
    private final CompletableFuture<@Nullable Void> hungUp = new CompletableFuture<>();

    /**
     * Prepares to close a socket.
     *
     * @param gone tells whether there is nothing left to close
     */
    Closing(WebSocketCoreSession socket, Scheduler scheduler, BooleanSupplier gone) {
        this.socket = socket;
        this.scheduler = scheduler;
        this.gone = gone;
    }

    /** Tells the first who has a reason to close, and who is to {@link #run} it, from the others. */
    boolean begin() {
        return begun.compareAndSet(false, true);
    }

    /** Tells whether somebody has a reason to close. */
    boolean hasBegun() {
        return begun.get();
    }

    /** Tells whether the client is being told why, or was. */
    boolean hasSaidWhy() {
        return said != null;
    }

    /**
     * Closes the socket. Does not block.
     *
     * @param sent told when the client's close frame has left, or none will
     */
    void run(Farewell farewell, Callback sent) {
        boolean input = socket.isInputOpen();
        boolean output = socket.isOutputOpen();
        if (gone.getAsBoolean() || socket.isClosed()) {
            sent.succeeded();
        } else if (input && output) {
            say(farewell, sent);
        } else if (input) {
            // The application has said good-bye before; the client has as long to answer as if we had.
            later(ANSWERING_MS, () -> hangUp(farewell));
            sent.succeeded();
        } else {
            // Before its onOpen is through, a close would abort the connection without a frame or overtake the
            // application; and while the client's own close is under way, it soon is closed. Look again, there is
            // no event to wait for.
            later(OPENING_MS, () -> run(farewell, sent));
        }
    }

    /**
     * Tells the client, and leaves it a moment to answer. Jetty's own close would close the connection behind the
     * frame; and a client that still talks then, loses the frame with the connection.
     */
    private void say(Farewell farewell, Callback sent) {
        said = farewell;
        Scheduler.Task unread = later(READING_MS, () -> hangUp(farewell));
        Callback left = Callback.from(
                () -> {
                    unread.cancel();
                    saidSo.complete(null);
                    later(ANSWERING_MS, () -> hangUp(farewell));
                    sent.succeeded();
                },
                failure -> {
                    unread.cancel();
                    saidSo.completeExceptionally(failure);
                    soon(() -> hangUp(farewell));
                    sent.succeeded();
                });
        socket.getConnection()
                .enqueueFrame(new OutgoingEntry.Builder(farewell.status().toFrame(), left).build());
    }

    /**
     * Nothing follows a close frame (RFC 6455 5.5.1). What an endpoint sends behind ours counts as sent when ours has
     * left: were it a failure, and earlier, Jetty would close the connection before the client is told why.
     *
     * @param callback told then
     */
    void whenSaid(Callback callback) {
        CompletableFuture<?> unused = saidSo.whenComplete((left, failure) -> {
            if (failure == null) {
                callback.succeeded();
            } else {
                callback.failed(failure);
            }
        });
    }

    /** Has a thread of the server do something in a while. */
    private Scheduler.Task later(long delayMs, Runnable task) {
        return scheduler.schedule(() -> soon(task), delayMs, TimeUnit.MILLISECONDS);
    }

    /**
     * Has a thread of the server do something: the application's {@code onClose} may take its time, and in HTTP/2 the
     * current thread may be the one that writes for the whole connection.
     */
    private void soon(Runnable task) {
        socket.getConnection().getExecutor().execute(task);
    }

    /**
     * Closes the connection of a client that was told why, whatever it does; the application's {@code onClose} reads
     * the reason, on the current thread if no other has begun.
     *
     * @return completes when that is done, and at once where the client was not told
     */
    @CanIgnoreReturnValue
    CompletableFuture<?> hangUp() {
        Farewell told = said;
        if (told == null) {
            return CompletableFuture.completedFuture(null);
        }
        hangUp(told);
        return hungUp;
    }

    private void hangUp(Farewell farewell) {
        if (!hangingUp.compareAndSet(false, true)) {
            return;
        }
        try {
            if (gone.getAsBoolean() || socket.isClosed()) {
                return;
            }
            Callback.Completable closed = new Callback.Completable();
            socket.close(farewell.status(), closed);
            if (said != null && !closed.isDone()) {
                // What was to be sent before is still stuck.
                socket.abort();
            }
        } finally {
            hungUp.complete(null);
        }
    }
}
