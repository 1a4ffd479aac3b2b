package dev.mooring.grid;

import org.jspecify.annotations.Nullable;

/**
 * The session store, a Hazelcast cluster, did not confirm. A write may still arrive. What the caller holds is to be
 * taken as neither stored nor lost.
 *
 * <p>This is no {@link IllegalStateException}, which to an application means that its session has ended.
 */
public class StoreUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Names what could not be done.
     *
     * @param message what was tried, and with which cluster
     * @param cause what Hazelcast says; null if it said nothing in time
     */
    public StoreUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
