package dev.mooring.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.Serializer;
import com.hazelcast.nio.serialization.SerializerHook;
import com.hazelcast.nio.serialization.StreamSerializer;
import dev.mooring.model.Codec;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionRecord;
import java.io.IOException;
import java.io.StreamCorruptedException;

/**
 * How our classes travel in Hazelcast. Found by Hazelcast's own {@link SerializerHook} service, so an instance that
 * somebody else started knows them too. The numbers are part of the format: never reuse one.
 */
public final class GridSerializers {

    private static final int FIRST_TYPE = 0x6d6f6f00;
    private static final int ROW_FORMAT = 1;

    private GridSerializers() {}

    /** One class, its number and its bytes. Stateless. */
    private abstract static class Hook<T> implements SerializerHook<T>, StreamSerializer<T> {
        private final Class<T> type;
        private final int number;

        Hook(Class<T> type, int number) {
            this.type = type;
            this.number = number;
        }

        @Override
        public Class<T> getSerializationType() {
            return type;
        }

        @Override
        public Serializer createSerializer() {
            return this;
        }

        @Override
        public boolean isOverwritable() {
            return false;
        }

        @Override
        public int getTypeId() {
            return FIRST_TYPE + number;
        }
    }

    /** A session's record. */
    public static final class OfSessionRecord extends Hook<SessionRecord> {
        /** For Hazelcast. */
        public OfSessionRecord() {
            super(SessionRecord.class, 1);
        }

        @Override
        public void write(ObjectDataOutput out, SessionRecord record) throws IOException {
            Codec.writeRecord(record, out);
        }

        @Override
        public SessionRecord read(ObjectDataInput in) throws IOException {
            return Codec.readRecord(in);
        }
    }

    /** The answer to a change. */
    public static final class OfOutcome extends Hook<Outcome> {
        /** For Hazelcast. */
        public OfOutcome() {
            super(Outcome.class, 2);
        }

        @Override
        public void write(ObjectDataOutput out, Outcome outcome) throws IOException {
            Codec.writeOutcome(outcome, out);
        }

        @Override
        public Outcome read(ObjectDataInput in) throws IOException {
            return Codec.readOutcome(in);
        }
    }

    /** A change on its way to the record. */
    public static final class OfApplyChange extends Hook<ApplyChange> {
        /** For Hazelcast. */
        public OfApplyChange() {
            super(ApplyChange.class, 3);
        }

        @Override
        public void write(ObjectDataOutput out, ApplyChange processor) throws IOException {
            Codec.writeChange(processor.change(), out);
            out.writeLong(processor.slackMs());
            out.writeBoolean(processor.again());
        }

        @Override
        public ApplyChange read(ObjectDataInput in) throws IOException {
            return new ApplyChange(Codec.readChange(in), in.readLong(), in.readBoolean());
        }
    }

    /** A node's row. */
    public static final class OfNodeRow extends Hook<NodeRow> {
        /** For Hazelcast. */
        public OfNodeRow() {
            super(NodeRow.class, 4);
        }

        @Override
        public void write(ObjectDataOutput out, NodeRow row) throws IOException {
            out.writeByte(ROW_FORMAT);
            out.writeLong(row.epoch());
            out.writeLong(row.beat());
            out.writeBoolean(row.fenced());
        }

        @Override
        public NodeRow read(ObjectDataInput in) throws IOException {
            byte format = in.readByte();
            if (format != ROW_FORMAT) {
                throw new StreamCorruptedException("a node's row of format " + format + ": expected " + ROW_FORMAT);
            }
            return new NodeRow(in.readLong(), in.readLong(), in.readBoolean());
        }
    }

    /** The question for sessions that somebody should have ended. */
    public static final class OfLeftOver extends Hook<LeftOver> {
        /** For Hazelcast. */
        public OfLeftOver() {
            super(LeftOver.class, 5);
        }

        @Override
        public void write(ObjectDataOutput out, LeftOver question) throws IOException {
            out.writeString(question.scope());
            out.writeLong(question.dueBefore());
        }

        @Override
        public LeftOver read(ObjectDataInput in) throws IOException {
            String scope = in.readString();
            if (scope == null) {
                throw new StreamCorruptedException("a question without the web application's scope");
            }
            return new LeftOver(scope, in.readLong());
        }
    }
}
