package dev.mooring.grid;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.ExtendedMapEntry;
import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionRecord;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Carries a {@link Change} to the member that owns the record, and to its backups: only the change travels. Travels
 * itself by {@link GridSerializers}, never by Java serialisation.
 */
final class ApplyChange implements EntryProcessor<String, SessionRecord, Outcome> {

    private static final long serialVersionUID = 1L;

    // Not serialised by Java: see the class comment.
    private final transient Change change;
    private final transient long slackMs;
    private final transient boolean again;
    private transient boolean changed = true;

    /**
     * Wraps a change.
     *
     * @param change what to do
     * @param slackMs how much longer than its session a record is kept, in milliseconds
     * @param again whether the same change was sent before and nobody knows its fate: then it may be in the record, and
     *     not in its backups
     */
    ApplyChange(Change change, long slackMs, boolean again) {
        this.change = change;
        this.slackMs = slackMs;
        this.again = again;
    }

    boolean again() {
        return again;
    }

    Change change() {
        return change;
    }

    long slackMs() {
        return slackMs;
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // the very record that was given is one that nothing has changed
    public Outcome process(Map.Entry<String, SessionRecord> entry) {
        SessionRecord record = entry.getValue();
        Change.Step step = change.applyTo(record);
        SessionRecord next = step.next();
        changed = next != null && (again || next != record);
        if (next != null && changed) {
            // Each way to set a value resets its time to live, so it is given again each time.
            ((ExtendedMapEntry<String, SessionRecord>) entry)
                    .setValue(next, next.timeToLiveMs(slackMs), TimeUnit.MILLISECONDS);
        }
        return step.outcome();
    }

    /** Asked after {@link #process}: what changed nothing has nothing to say to a backup. */
    @Override
    public @Nullable EntryProcessor<String, SessionRecord, Outcome> getBackupProcessor() {
        return changed ? this : null;
    }
}
