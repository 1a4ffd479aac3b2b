package dev.mooring.grid;

import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import java.util.Collection;

/**
 * The records of all sessions in the cluster. Thread-safe. Every method
 * blocks for a round trip to the cluster and no longer than {@link Grid#CALL_TIMEOUT}.
 */
public interface SessionMap {

    /**
     * Applies a change to a session's record, atomically in the cluster and its backups.
     *
     * @param key the session
     * @param change what to do
     * @return what became of it
     * @throws StoreUnavailableException if the cluster did not confirm; the change may still be applied
     */
    Outcome apply(SessionKey key, Change change);

    /**
     * Looks for sessions of one web application that somebody should have ended: those that are due, and those whose end was
     * begun. Looks at every record, so it is for now and then.
     *
     * @param scope the scope of the session keys
     * @param dueBefore cluster time in milliseconds
     * @return their keys
     * @throws StoreUnavailableException if the cluster did not answer
     */
    Collection<SessionKey> leftOver(String scope, long dueBefore);
}
