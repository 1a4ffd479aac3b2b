package dev.mooring.session;

import dev.mooring.model.EndCause;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What this node has heard of one session. It exists before the session is loaded, so that a notice which comes between the
 * load and its result is not lost. Touched by Hazelcast's threads: atomics only, no lock.
 */
final class Heard {

    private final AtomicLong version = new AtomicLong();

    /** Set once, by the first who hears of the end. */
    private volatile @Nullable EndCause end;

    /** Set once the session is loaded; there is one object per session and node. */
    private volatile @Nullable LiveSession session;

    void changed(long newVersion) {
        version.accumulateAndGet(newVersion, Math::max);
    }

    void ended(EndCause cause) {
        end = cause;
    }

    long version() {
        return version.get();
    }

    @Nullable
    EndCause end() {
        return end;
    }

    @Nullable
    LiveSession session() {
        return session;
    }

    void session(LiveSession loaded) {
        session = loaded;
    }
}
