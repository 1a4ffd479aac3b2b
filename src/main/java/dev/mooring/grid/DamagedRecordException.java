package dev.mooring.grid;

/**
 * The cluster answers, but what it has under a session's key is no record that anybody could read: damaged bytes, or
 * somebody else's entry. A record of a newer version of this module is not damaged.
 */
public final class DamagedRecordException extends StoreUnavailableException {

    private static final long serialVersionUID = 1L;

    /**
     * Names the session.
     *
     * @param message which record, and of which cluster
     * @param cause what was wrong with it
     */
    public DamagedRecordException(String message, Throwable cause) {
        super(message, cause);
    }
}
