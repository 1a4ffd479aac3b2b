package dev.mooring.grid;

import com.hazelcast.map.EntryProcessor;
import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionRecord;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Carries one {@link Change} for each of many sessions, in one message to each member that owns some of them. Travels by
 * {@link GridSerializers}, never by Java serialisation.
 */
final class ApplyChanges implements EntryProcessor<String, SessionRecord, Outcome> {

    private static final long serialVersionUID = 1L;

    // Not serialised by Java: see the class comment.
    private final transient Map<String, Change> changes;
    private final transient long slackMs;
    private final transient boolean again;

    /**
     * Wraps changes.
     *
     * @param changes what to do, by the path of the session's key
     * @param slackMs how much longer than its session a record is kept, in milliseconds
     * @param again as for {@link ApplyChange}
     */
    ApplyChanges(Map<String, Change> changes, long slackMs, boolean again) {
        this.changes = changes;
        this.slackMs = slackMs;
        this.again = again;
    }

    Map<String, Change> changes() {
        return changes;
    }

    long slackMs() {
        return slackMs;
    }

    boolean again() {
        return again;
    }

    /** Called for many entries at once, on several threads. */
    @Override
    public @Nullable Outcome process(Map.Entry<String, SessionRecord> entry) {
        Change change = changes.get(entry.getKey());
        return change == null ? null : new ApplyChange(change, slackMs, again).process(entry);
    }

    /** What a change is at one replica it is at all: every change may run twice and counts once. */
    @Override
    public EntryProcessor<String, SessionRecord, Outcome> getBackupProcessor() {
        return this;
    }
}
