package dev.mooring.grid;

import com.hazelcast.client.HazelcastClientOfflineException;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.IndeterminateOperationStateException;
import com.hazelcast.map.IMap;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
import com.hazelcast.spi.exception.RetryableException;
import com.hazelcast.spi.exception.TargetDisconnectedException;
import dev.mooring.model.NewerFormatException;
import dev.mooring.model.SessionKey;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Waits for the cluster's word, and turns every way of not getting it into one exception. Thread-safe. */
final class StoreCalls {

    /** How long a moment is at most. */
    private static final Duration MOMENT = Duration.ofSeconds(2);

    private static final Duration PAUSE = Duration.ofMillis(5);

    /**
     * Some answers cannot be believed for a moment, until a client has heard what its servers are to each other: what
     * was asked is asked again.
     */
    static final class MomentException extends StoreUnavailableException {
        private static final long serialVersionUID = 1L;

        MomentException(String message) {
            super(message, null);
        }
    }

    private final String clusterName;
    private final Runnable check;

    /** {@link System#nanoTime()} since when a client has no connection; null while calls are answered. */
    private volatile @Nullable Long offline;

    /** @param check asked before and after each call, throws if no answer can be believed */
    StoreCalls(String clusterName, Runnable check) {
        this.clusterName = clusterName;
        this.check = check;
    }

    /**
     * Looks whether an answer of the cluster can be believed. Does not block.
     *
     * @throws StoreUnavailableException if not
     */
    void check() {
        check.run();
    }

    /**
     * Makes a call and waits for its result. A call whose fate is unknown is made again: every change may run twice and
     * counts once. Blocks for at most {@link Grid#CALL_TIMEOUT}, and no longer than the thread's {@link Patience}.
     *
     * @param subject what it is about, for the message; fit to be logged
     * @param call makes the call, and does not block
     * @throws StoreUnavailableException if the cluster did not confirm; the change may still be applied
     */
    <T> T await(String subject, Supplier<? extends CompletionStage<T>> call) {
        long begun = System.nanoTime();
        long deadline = Patience.end(Grid.CALL_TIMEOUT);
        while (true) {
            try {
                check();
                T answer = call.get().toCompletableFuture().get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                check();
                offline = null;
                return answer;
            } catch (MomentException e) {
                pauseInDoubt(begun, deadline, e);
            } catch (ExecutionException e) {
                Throwable cause = e.getCause();
                if (cause != null && isDamage(cause)) {
                    throw new DamagedRecordException(
                            subject + ": its record in Hazelcast cluster " + clusterName + " is damaged", cause);
                }
                pauseIfUndecided(subject, cause, deadline);
            } catch (TimeoutException | HazelcastException | IllegalStateException | RejectedExecutionException e) {
                throw unavailable(subject, e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw unavailable(subject, e);
            }
        }
    }

    /**
     * As {@link #await}, for many calls, which are all made before the first is waited for.
     *
     * @param calls makes each call, and does not block
     * @throws StoreUnavailableException if the cluster did not confirm all of them; any may still be applied
     */
    <T> Map<SessionKey, T> awaitAll(Map<SessionKey, ? extends Supplier<? extends CompletionStage<T>>> calls) {
        check();
        Map<SessionKey, T> results = new HashMap<>();
        Deque<Runnable> answers = new ArrayDeque<>();
        calls.forEach((key, call) -> {
            CompletableFuture<T> first = begin(call);
            AtomicBoolean again = new AtomicBoolean();
            answers.push(() ->
                    results.put(key, await("session " + key, () -> again.getAndSet(true) ? call.get() : first)));
        });
        // The last one first: by its answer most others have theirs, and do not wake this thread one by one.
        answers.forEach(Runnable::run);
        return results;
    }

    // What fails at once is met where it is waited for, with what was begun before and after it.
    private static <T> CompletableFuture<T> begin(Supplier<? extends CompletionStage<T>> call) {
        try {
            return call.get().toCompletableFuture();
        } catch (HazelcastException | IllegalStateException | RejectedExecutionException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /**
     * Makes a call that has only a form that blocks. A call whose fate is unknown is made again, so it must be one that
     * may run twice.
     *
     * @param subject what it is about, for the message; fit to be logged
     * @throws StoreUnavailableException if the cluster did not answer
     */
    <T extends @Nullable Object> T get(String subject, Supplier<T> call) {
        long begun = System.nanoTime();
        long deadline = begun + Grid.CALL_TIMEOUT.toNanos();
        while (true) {
            try {
                check();
                T answer = call.get();
                check();
                offline = null;
                return answer;
            } catch (MomentException e) {
                pauseInDoubt(begun, deadline, e);
            } catch (HazelcastException | IllegalStateException e) {
                pauseIfUndecided(subject, e, deadline);
            } catch (OutOfMemoryError e) {
                // That of a server, which passes on even its errors.
                throw unavailable(subject, e);
            }
        }
    }

    /** Returns, after a pause, where a call may be made again. */
    private void pauseIfUndecided(String subject, @Nullable Throwable cause, long deadline) {
        if (!isUndecided(cause) || System.nanoTime() - deadline >= 0) {
            throw unavailable(subject, cause);
        }
        LockSupport.parkNanos(PAUSE.toNanos());
    }

    /** The same where its answer cannot be believed for a moment. */
    private static void pauseInDoubt(long begun, long deadline, MomentException doubt) {
        long now = System.nanoTime();
        if (now - begun > MOMENT.toNanos() || now - deadline >= 0) {
            throw doubt;
        }
        LockSupport.parkNanos(PAUSE.toNanos());
    }

    /** Tells whether an entry was found that cannot be a record, and never will. */
    private static boolean isDamage(Throwable failure) {
        if (failure instanceof ClassCastException) {
            return true;
        }
        if (!(failure instanceof HazelcastSerializationException)) {
            return false;
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof NewerFormatException) {
                return false;
            }
        }
        return true;
    }

    /** Tells which of these keys a map has. */
    Set<SessionKey> known(IMap<String, ?> map, Collection<SessionKey> keys) {
        Map<String, SessionKey> byPath =
                keys.stream().collect(Collectors.toMap(SessionKey::path, Function.identity(), (one, same) -> one));
        return get(keys.size() + " sessions", () -> map.getAll(byPath.keySet())).keySet().stream()
                .map(byPath::get)
                .collect(Collectors.toSet());
    }

    private boolean isUndecided(@Nullable Throwable cause) {
        return cause instanceof IndeterminateOperationStateException
                || cause instanceof RetryableException
                || cause instanceof TargetDisconnectedException
                || cause instanceof HazelcastClientOfflineException && isOfflineForAMoment();
    }

    /** A client that has lost its last connection, as when it wakes up, soon has another one if there is a cluster. */
    private boolean isOfflineForAMoment() {
        long now = System.nanoTime();
        Long since = offline;
        if (since == null) {
            since = now;
            offline = since;
        }
        return now - since < MOMENT.toNanos();
    }

    private StoreUnavailableException unavailable(String subject, @Nullable Throwable cause) {
        return new StoreUnavailableException(
                subject + ": the session store, Hazelcast cluster " + clusterName + ", did not confirm", cause);
    }
}
