package dev.mooring.session;

import dev.mooring.model.EndCause;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What is tied to one session on this node: its open WebSockets. Each is told of the session's end once, and of a
 * logout of its user, on threads of the server. Thread-safe; takes no lock, and nothing blocks.
 */
public final class Attachments {

    private final Heard heard;
    private final Deadlines deadlines;
    private final Set<Attachment> attached = ConcurrentHashMap.newKeySet();
    private final AtomicInteger logouts = new AtomicInteger();

    Attachments(Heard heard, Deadlines deadlines) {
        this.heard = heard;
        this.deadlines = deadlines;
    }

    /**
     * Ties something to the session until either ends.
     *
     * @param attachment told of the session's end, now if that has come already
     */
    public void attach(Attachment attachment) {
        attached.add(attachment);
        // The session may end between the two lines. Registered first and looked at after, the attachment is told
        // by this thread or by the one that ends the session; taking it out of the set decides which.
        EndCause cause = heard.end();
        if (cause != null) {
            tellEnd(attachment, cause);
        }
    }

    /**
     * Unties something that ends by itself.
     *
     * @param attachment what was attached; nothing happens if it is not any more
     */
    public void detach(Attachment attachment) {
        attached.remove(attachment);
    }

    /**
     * Returns how often the user has logged out since the session is on this node: whoever attaches something can see
     * whether that came in between.
     *
     * @return a number that only grows
     */
    public int logouts() {
        return logouts.get();
    }

    boolean isEmpty() {
        return attached.isEmpty();
    }

    /** Tells whether something that is attached keeps the session alive by being there. */
    boolean keepAlive() {
        return attached.stream().anyMatch(Attachment::keepsAlive);
    }

    /** The session has ended. */
    void tellEnd(EndCause cause) {
        attached.forEach(attachment -> tellEnd(attachment, cause));
    }

    private void tellEnd(Attachment attachment, EndCause cause) {
        if (attached.remove(attachment)) {
            deadlines.run(() -> attachment.sessionEnded(cause));
        }
    }

    /** The user has logged out, here or elsewhere. */
    void tellLogout() {
        logouts.incrementAndGet();
        attached.forEach(attachment -> deadlines.run(attachment::loggedOut));
    }
}
