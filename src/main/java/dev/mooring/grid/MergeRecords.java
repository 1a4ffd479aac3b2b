package dev.mooring.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.spi.merge.MergingEntry;
import com.hazelcast.spi.merge.SplitBrainMergePolicy;
import dev.mooring.model.SessionRecord;
import org.jspecify.annotations.Nullable;

/**
 * Joins what became of a session on both sides of a cluster that was split, see {@link SessionRecord#merge}. Made by
 * Hazelcast, by its name, on every member. Stateless.
 */
public final class MergeRecords
        implements SplitBrainMergePolicy<SessionRecord, MergingEntry<String, SessionRecord>, SessionRecord> {

    /** For Hazelcast. */
    public MergeRecords() {}

    @Override
    public SessionRecord merge(
            MergingEntry<String, SessionRecord> merging, @Nullable MergingEntry<String, SessionRecord> existing) {
        SessionRecord record = merging.getDeserializedValue();
        SessionRecord other = existing == null ? null : existing.getDeserializedValue();
        return other == null ? record : other.merge(record);
    }

    @Override
    public void writeData(ObjectDataOutput out) {}

    @Override
    public void readData(ObjectDataInput in) {}
}
