package dev.mooring.session;

import dev.mooring.grid.Grid;
import dev.mooring.grid.Patience;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.EndCause;
import org.eclipse.jetty.session.ManagedSession;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.thread.AutoLock;
import org.jspecify.annotations.Nullable;

/**
 * Jetty's session with the states that it goes through, and who may still use it in each: VALID, CHANGING while its id
 * changes, INVALIDATING while this node runs the listeners of its end, INVALID for good. Only the methods here lead
 * from one to another. Guarded by Jetty's session lock, which each method takes.
 */
abstract class StatefulSession extends ManagedSession {

    private final LiveData data;

    /**
     * Runs the listeners of the end, and so may still read what everybody else may not. Guarded by the session's lock.
     */
    private @Nullable Thread ender;

    StatefulSession(SessionManager manager, LiveData data) {
        super(manager, data);
        this.data = data;
    }

    @Override
    protected final void checkValidForRead() {
        checkAlive();
    }

    @Override
    protected final void checkValidForWrite() {
        checkAlive();
    }

    /**
     * Throws if the session has ended, ends, or is on this node no more. Jetty's own messages carry the whole id.
     *
     * @throws IllegalStateException unless the current thread may go on with the session
     */
    final void checkAlive() {
        try (AutoLock ignored = lock()) {
            if (_state == State.INVALID) {
                EndCause cause = data.heard().end();
                throw new IllegalStateException(
                        "Session " + data.key() + " has ended" + (cause == null ? "" : ": " + cause.reason()));
            }
            if (_state == State.INVALIDATING && ender != Thread.currentThread()) {
                throw new IllegalStateException("Session " + data.key() + " is being ended");
            }
            if (_state != State.INVALIDATING && !isResident()) {
                throw new IllegalStateException("Session " + data.key() + " is no longer on this node, which stops");
            }
        }
    }

    /** Tells whether the session neither ends nor has ended; its id may be changing. */
    final boolean isAlive() {
        return !isInvalidOrInvalidating();
    }

    /** Tells whether the session is on this node and neither ends nor changes its id. */
    final boolean isQuiet() {
        try (AutoLock ignored = lock()) {
            return _state == State.VALID && isResident();
        }
    }

    /**
     * Waits until the id has changed, if it just does, and has the next who wants to change it wait.
     *
     * @throws IllegalStateException if the session has ended, or ends
     * @throws StoreUnavailableException if the id goes on changing, since the cluster does not confirm that
     */
    final void startChanging() {
        try (AutoLock ignored = lock()) {
            awaitUnchanging();
            checkAlive();
            if (_state == State.INVALIDATING) {
                throw new IllegalStateException("Session " + data.key() + " is being ended");
            }
            _state = State.CHANGING;
        }
    }

    final void stopChanging() {
        try (AutoLock ignored = lock()) {
            if (_state == State.CHANGING) {
                _state = State.VALID;
            }
            _stateChangeCompleted.signalAll();
        }
    }

    private void awaitUnchanging() {
        long begun = System.nanoTime();
        long left = Patience.end(Grid.CALL_TIMEOUT) - begun;
        try {
            while (_state == State.CHANGING && left > 0) {
                left = _stateChangeCompleted.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            RequestScope.waited(System.nanoTime() - begun);
        }
        if (_state == State.CHANGING) {
            throw StoreFailure.noted(new StoreUnavailableException(
                    "session " + data.key()
                            + ": another thread changes its id, which the cluster has not confirmed so far",
                    null));
        }
    }

    /**
     * Waits until the id has changed, if it just does, so that the session can be ended.
     *
     * @param quietly whether it is no error if the session has ended
     * @return false if it has, or another thread is about to end it
     * @throws IllegalStateException if it has, and that is an error
     * @throws StoreUnavailableException as {@link #startChanging}
     */
    final boolean awaitEndable(boolean quietly) {
        try (AutoLock ignored = lock()) {
            awaitUnchanging();
            boolean over = _state == State.INVALID || !isResident();
            if (_state == State.INVALIDATING || over && quietly) {
                return false;
            }
            checkAlive();
            return true;
        }
    }

    /** From now on the current thread ends the session. False if another one was first. */
    final boolean startInvalidating() {
        try (AutoLock ignored = lock()) {
            boolean first = isAlive();
            if (first) {
                _state = State.INVALIDATING;
                ender = Thread.currentThread();
            }
            return first;
        }
    }

    /** The current thread goes on with the end. */
    final void continueInvalidating() {
        try (AutoLock ignored = lock()) {
            ender = Thread.currentThread();
        }
    }

    /** From now on the session has ended, elsewhere. False if it ends, or has ended, here. */
    final boolean becomeInvalid() {
        try (AutoLock ignored = lock()) {
            boolean first = isAlive();
            if (first) {
                _state = State.INVALID;
                _stateChangeCompleted.signalAll();
            }
            return first;
        }
    }

    /** Names the session without its id, which Jetty writes into log lines. */
    @Override
    public final String toString() {
        return "session " + data.key();
    }
}
