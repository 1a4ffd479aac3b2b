package dev.mooring.session;

import dev.mooring.grid.Inbox;
import dev.mooring.grid.Lanes;
import dev.mooring.model.EndCause;
import dev.mooring.model.Notice;
import dev.mooring.model.SessionKey;
import org.jspecify.annotations.Nullable;

/**
 * Takes what other nodes say of the sessions of one web application, on Hazelcast's threads: notes it, and leaves what
 * there is to do to others. Thread-safe; takes no lock, and nothing blocks.
 */
final class Notices implements Inbox.Hearer {

    /** How many threads make sessions end that have ended elsewhere: thousands may do so at the same moment. */
    private static final int THREADS = 16;

    private final WebApplication application;
    private final Lanes lanes;

    Notices(WebApplication application) {
        this.application = application;
        this.lanes = application.deadlines().lanes(THREADS);
    }

    @Override
    public long heard(Notice notice) {
        Heard known = application.sessions().known(notice.key());
        if (known == null) {
            return 0;
        }
        LiveSession session = known.session();
        return switch (notice.kind()) {
            case CHANGED -> {
                known.told(notice.version());
                yield 0;
            }
            case LOGGED_OUT -> {
                known.told(notice.version());
                if (session != null) {
                    session.attachments().tellLogout();
                }
                follow(notice.key(), known);
                yield 0;
            }
            case LIMITED -> {
                known.told(notice.version());
                follow(notice.key(), known);
                yield 0;
            }
            case INVALIDATED -> ended(notice.key(), known, session, EndCause.INVALIDATED);
            case EXPIRED -> ended(notice.key(), known, session, EndCause.EXPIRED);
            case DUE -> lastUse(known, session);
        };
    }

    /** The deadline may be another now. */
    private void follow(SessionKey key, Heard known) {
        if (known.session() != null || known.isWatched()) {
            application.deadlines().run(() -> application.leftOvers().look(key));
        }
    }

    private long lastUse(Heard known, @Nullable LiveSession session) {
        if (session != null) {
            return session.uses().answer();
        }
        // A request that loads the session uses it. Without one, it is evicted, and has
        // told the record when it was used last, or is looked at since it may be due.
        return known.isLoading() ? application.cluster().time() : 0;
    }

    private long ended(SessionKey key, Heard known, @Nullable LiveSession session, EndCause cause) {
        known.ended(cause);
        if (session != null) {
            lanes.execute(() -> session.ending().elsewhere(cause));
        } else if (known.isWatched()) {
            known.watch(null);
            application.sessions().forgetUnlessKept(key, known);
        }
        return 0;
    }
}
