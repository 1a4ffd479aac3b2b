package dev.mooring.session;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.util.thread.AutoLock;

/**
 * Finds the attributes of one session that were changed in place, without {@code setAttribute}: those that somebody had
 * in hands are serialised once more and compared with what they were. Only a digest is kept of that. A value that
 * changes while it is being serialised fails nobody; it is looked at again a little later, and whenever the session is.
 * Thread-safe; takes the session's lock, and holds none while a value's own code runs.
 */
final class InPlaceChanges {

    private static final int LATER_LOOKS = 5;
    private static final long LATER_MS = 200;

    private final LiveSession session;
    private final LiveAttributes attributes;
    private final WebApplication application;

    /** How often in a row it was looked again later, in vain. */
    private final AtomicInteger inVain = new AtomicInteger();

    private final AtomicBoolean planned = new AtomicBoolean();

    InPlaceChanges(LiveSession session, LiveAttributes attributes, WebApplication application) {
        this.session = session;
        this.attributes = attributes;
        this.application = application;
    }

    /** Looks at these attributes, and at those that nobody could tell of before. What has changed is to be stored. */
    void look(Set<String> touched) {
        List<LiveAttributes.Suspect> suspects;
        try (AutoLock ignored = session.lock()) {
            if (session.isInvalidOrInvalidating()) {
                return;
            }
            suspects = attributes.suspects(touched);
        }
        suspects.forEach(this::look);
        if (attributes.areUnsure()) {
            lookLater();
        } else if (!suspects.isEmpty()) {
            inVain.set(0);
        }
    }

    private void look(LiveAttributes.Suspect suspect) {
        try {
            byte[] bytes = application.codec().encodeWhileItChanges(suspect.value);
            String objection;
            try (AutoLock ignored = session.lock()) {
                objection = attributes.hasGrown(suspect, bytes)
                        ? application.rules().objectionTo(bytes.length, attributes.sizeWith(suspect.name, bytes.length))
                        : null;
                if (objection == null) {
                    attributes.compare(suspect, bytes);
                }
            }
            if (objection != null) {
                application.rules().outgrown(session.key(), suspect.name, suspect.value, objection);
            }
        } catch (IOException e) {
            boolean again = inVain.get() < LATER_LOOKS;
            if (!again) {
                application.rules().changeStaysHere(session.key(), suspect.name, suspect.value, e);
            }
            try (AutoLock ignored = session.lock()) {
                attributes.keepUnsure(suspect, again);
            }
        }
    }

    /** Looks again soon, on another thread, and stores what has changed. Does not block. */
    void lookLater() {
        if (!planned.compareAndSet(false, true)) {
            return;
        }
        inVain.incrementAndGet();
        application.deadlines().in(LATER_MS, () -> {
            planned.set(false);
            look(Set.of());
            session.storeAtTheEnd();
        });
    }
}
