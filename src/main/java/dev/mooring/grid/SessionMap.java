package dev.mooring.grid;

import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import java.util.Collection;
import java.util.Map;
import java.util.Set;

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
     * Applies a change to each of many sessions, each atomically, in as few messages as there can be. One that fails does not
     * keep the others from being applied.
     *
     * @param changes what to do, by session
     * @return what became of each
     * @throws StoreUnavailableException if the cluster did not confirm all of them; any may still be applied
     */
    Map<SessionKey, Outcome> applyAll(Map<SessionKey, Change> changes);

    /**
     * Tells which of these sessions have a record, whether they live or not.
     *
     * @param keys the sessions
     * @return some of them
     * @throws StoreUnavailableException if the cluster did not answer
     */
    Set<SessionKey> known(Collection<SessionKey> keys);

    /**
     * Removes what lies under a session's key if that is damaged, see {@link DamagedRecordException}.
     *
     * @param key the session
     * @return false if there is a record that can be read, or may be read by others, or nothing
     * @throws StoreUnavailableException if the cluster did not answer
     */
    boolean removeDamaged(SessionKey key);

    /**
     * Looks for sessions of one web application that somebody should have ended: those that are due, and those whose end was
     * begun. Is for now and then.
     *
     * @param scope the scope of the session keys
     * @param dueBefore cluster time in milliseconds
     * @param every whether to look at every record, since a node is gone or more; else one that was looked at before, and was not
     *     due for long, may be passed over for some minutes
     * @return their keys
     * @throws StoreUnavailableException if the cluster did not answer
     */
    Collection<SessionKey> leftOver(String scope, long dueBefore, boolean every);
}
