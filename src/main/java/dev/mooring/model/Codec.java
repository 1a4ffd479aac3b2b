package dev.mooring.model;

import dev.mooring.model.SessionRecord.Draft;
import dev.mooring.model.SessionRecord.State;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.StreamCorruptedException;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of what travels. A record's bytes are deterministic: a format byte first, then every field in a fixed
 * order, each collection as a count and its entries in the order of their names. What it does not know it refuses, and
 * it never trusts a count for more than it reads. Stateless and thread-safe.
 */
@SuppressWarnings("EnumOrdinal") // each of these enums says that its order is part of the format
public final class Codec {

    /** The format that this version writes, and the newest that it reads. */
    static final int FORMAT = 1;

    private static final int JOIN = 1;
    private static final int LEAVE = 2;
    private static final int TOUCH = 3;
    private static final int DELTA = 4;
    private static final int CLAIM = 5;
    private static final int END = 6;
    private static final int INHERIT = 7;
    private static final int LOOK = 8;

    private Codec() {}

    /**
     * Writes a record.
     *
     * @param record the record
     * @param out where to
     * @throws IOException if {@code out} fails
     */
    public static void writeRecord(SessionRecord record, DataOutput out) throws IOException {
        out.writeByte(FORMAT);
        out.writeByte(record.state().ordinal());
        out.writeByte(ordinal(record.cause()));
        Bytes.writeNullable(record.endingNode(), out);
        Bytes.writeString(record.id(), out);
        writeStamp(record.idStamp(), out);
        out.writeLong(record.maxInactiveMs());
        writeStamp(record.maxInactiveStamp(), out);
        out.writeLong(record.version());
        writeTimes(record.times(), out);
        out.writeInt(record.holders().size());
        for (Map.Entry<String, Holder> entry : record.holders().entrySet()) {
            Bytes.writeString(entry.getKey(), out);
            out.writeLong(entry.getValue().load());
            out.writeLong(entry.getValue().operation());
        }
        out.writeInt(record.attributes().size());
        for (Map.Entry<String, Attribute> entry : record.attributes().entrySet()) {
            Bytes.writeString(entry.getKey(), out);
            writeStamp(entry.getValue().stamp(), out);
            Bytes.writeBytes(entry.getValue().bytes(), out);
        }
        out.writeInt(record.removals().size());
        for (Map.Entry<String, Stamp> entry : record.removals().entrySet()) {
            Bytes.writeString(entry.getKey(), out);
            writeStamp(entry.getValue(), out);
        }
    }

    /**
     * Reads a record.
     *
     * @param in where from
     * @return the record
     * @throws StreamCorruptedException if the bytes are no record, or one of a newer format
     * @throws IOException if {@code in} fails or ends early
     */
    public static SessionRecord readRecord(DataInput in) throws IOException {
        requireFormat(in, "session record");
        State state = constant(State.values(), in.readByte(), "state");
        EndCause cause = nullableConstant(EndCause.values(), in.readByte(), "cause of an end");
        String endingNode = Bytes.readNullable(in);
        String id = Bytes.readString(in);
        Stamp idStamp = readStamp(in);
        long maxInactiveMs = in.readLong();
        Stamp maxInactiveStamp = readStamp(in);
        long version = in.readLong();
        Draft draft = new Draft(id, readTimes(in), idStamp);
        draft.state = state;
        draft.cause = cause;
        draft.endingNode = endingNode;
        draft.maxInactiveMs = maxInactiveMs;
        draft.maxInactiveStamp = maxInactiveStamp;
        draft.version = version;
        int holders = Bytes.count(in);
        for (int i = 0; i < holders; i++) {
            draft.holders.put(Bytes.readString(in), new Holder(in.readLong(), in.readLong()));
        }
        int attributes = Bytes.count(in);
        for (int i = 0; i < attributes; i++) {
            draft.attributes.put(Bytes.readString(in), new Attribute(readStamp(in), Bytes.readBytes(in)));
        }
        int removals = Bytes.count(in);
        SortedMap<String, Stamp> removed = new TreeMap<>();
        for (int i = 0; i < removals; i++) {
            removed.put(Bytes.readString(in), readStamp(in));
        }
        draft.removals = removed;
        return new SessionRecord(draft);
    }

    /**
     * Writes a change.
     *
     * @param change the change
     * @param out where to
     * @throws IOException if {@code out} fails
     */
    public static void writeChange(Change change, DataOutput out) throws IOException {
        out.writeByte(FORMAT);
        if (change instanceof Change.Join join) {
            out.writeByte(JOIN);
            Bytes.writeString(join.node(), out);
            out.writeLong(join.load());
            out.writeLong(join.since());
            Bytes.writeNullable(join.id(), out);
        } else if (change instanceof Change.Leave leave) {
            out.writeByte(LEAVE);
            Bytes.writeString(leave.node(), out);
            out.writeLong(leave.load());
            writeTimes(leave.times(), out);
            out.writeBoolean(leave.unlessLast());
        } else if (change instanceof Change.Touch touch) {
            out.writeByte(TOUCH);
            writeTimes(touch.times(), out);
        } else if (change instanceof Change.Delta delta) {
            out.writeByte(DELTA);
            writeDelta(delta, out);
        } else if (change instanceof Change.Claim claim) {
            out.writeByte(CLAIM);
            Bytes.writeString(claim.node(), out);
            out.writeByte(claim.cause().ordinal());
            Bytes.writeNullable(claim.dueAt(), out);
            Bytes.writeNames(claim.asked(), out);
            writeTimes(claim.times(), out);
            out.writeLong(claim.since());
        } else if (change instanceof Change.End end) {
            out.writeByte(END);
            Bytes.writeString(end.node(), out);
        } else if (change instanceof Change.Inherit inherit) {
            out.writeByte(INHERIT);
            Bytes.writeString(inherit.node(), out);
            Bytes.writeString(inherit.from(), out);
        } else if (change instanceof Change.Look) {
            out.writeByte(LOOK);
        } else {
            throw new AssertionError(change);
        }
    }

    /**
     * Reads a change.
     *
     * @param in where from
     * @return the change
     * @throws StreamCorruptedException if the bytes are no change, or one of a newer format
     * @throws IOException if {@code in} fails or ends early
     */
    public static Change readChange(DataInput in) throws IOException {
        requireFormat(in, "change of a session");
        byte kind = in.readByte();
        return switch (kind) {
            case JOIN -> new Change.Join(Bytes.readString(in), in.readLong(), in.readLong(), Bytes.readNullable(in));
            case LEAVE -> new Change.Leave(Bytes.readString(in), in.readLong(), readTimes(in), in.readBoolean());
            case TOUCH -> new Change.Touch(readTimes(in));
            case DELTA -> readDelta(in);
            case CLAIM ->
                new Change.Claim(
                        Bytes.readString(in),
                        constant(EndCause.values(), in.readByte(), "cause of an end"),
                        Bytes.readNullableLong(in),
                        Bytes.readNames(in),
                        readTimes(in),
                        in.readLong());
            case END -> new Change.End(Bytes.readString(in));
            case INHERIT -> new Change.Inherit(Bytes.readString(in), Bytes.readString(in));
            case LOOK -> new Change.Look();
            default ->
                throw new StreamCorruptedException("kind of change " + kind + ": expected " + JOIN + " to " + LOOK);
        };
    }

    private static void writeDelta(Change.Delta delta, DataOutput out) throws IOException {
        Bytes.writeString(delta.node(), out);
        out.writeLong(delta.load());
        out.writeLong(delta.operation());
        out.writeBoolean(delta.creates());
        writeTimes(delta.times(), out);
        Bytes.writeNullable(delta.id(), out);
        Bytes.writeNullable(delta.maxInactiveMs(), out);
        out.writeInt(delta.set().size());
        for (Map.Entry<String, byte[]> entry : delta.set().entrySet()) {
            Bytes.writeString(entry.getKey(), out);
            Bytes.writeBytes(entry.getValue(), out);
        }
        Bytes.writeNames(delta.removed(), out);
        Bytes.writeNames(delta.gone(), out);
    }

    private static Change.Delta readDelta(DataInput in) throws IOException {
        String node = Bytes.readString(in);
        long load = in.readLong();
        long operation = in.readLong();
        boolean creates = in.readBoolean();
        Times times = readTimes(in);
        String id = Bytes.readNullable(in);
        Long maxInactiveMs = Bytes.readNullableLong(in);
        int count = Bytes.count(in);
        Map<String, byte[]> set = new HashMap<>();
        for (int i = 0; i < count; i++) {
            String name = Bytes.readString(in);
            byte[] bytes = Bytes.readBytes(in);
            if (bytes == null) {
                throw new StreamCorruptedException("an attribute that is set has no bytes");
            }
            set.put(name, bytes);
        }
        if (creates && (id == null || maxInactiveMs == null)) {
            throw new StreamCorruptedException("a change that creates a session lacks its id or its interval");
        }
        return new Change.Delta(
                node,
                load,
                operation,
                creates,
                times,
                id,
                maxInactiveMs,
                set,
                Bytes.readNames(in),
                Bytes.readNames(in));
    }

    /**
     * Writes an outcome.
     *
     * @param outcome the outcome
     * @param out where to
     * @throws IOException if {@code out} fails
     */
    public static void writeOutcome(Outcome outcome, DataOutput out) throws IOException {
        out.writeByte(FORMAT);
        out.writeByte(outcome.result().ordinal());
        out.writeLong(outcome.base());
        out.writeLong(outcome.version());
        Bytes.writeNames(outcome.holders(), out);
        SessionRecord view = outcome.view();
        out.writeBoolean(view != null);
        if (view != null) {
            writeRecord(view, out);
        }
        Bytes.writeNullable(outcome.previousId(), out);
    }

    /**
     * Reads an outcome.
     *
     * @param in where from
     * @return the outcome
     * @throws StreamCorruptedException if the bytes are no outcome, or one of a newer format
     * @throws IOException if {@code in} fails or ends early
     */
    public static Outcome readOutcome(DataInput in) throws IOException {
        requireFormat(in, "outcome");
        return new Outcome(
                constant(Outcome.Result.values(), in.readByte(), "result"),
                in.readLong(),
                in.readLong(),
                Bytes.readNames(in),
                in.readBoolean() ? readRecord(in) : null,
                Bytes.readNullable(in));
    }

    /**
     * Writes a notice.
     *
     * @param notice the notice
     * @param out where to
     * @throws IOException if {@code out} fails
     */
    public static void writeNotice(Notice notice, DataOutput out) throws IOException {
        out.writeByte(FORMAT);
        out.writeByte(notice.kind().ordinal());
        Bytes.writeString(notice.key().scope(), out);
        Bytes.writeString(notice.key().name(), out);
        out.writeLong(notice.version());
    }

    /**
     * Reads a notice.
     *
     * @param in where from
     * @return the notice
     * @throws StreamCorruptedException if the bytes are no notice, or one of a newer format
     * @throws IOException if {@code in} fails or ends early
     */
    public static Notice readNotice(DataInput in) throws IOException {
        requireFormat(in, "notice");
        return new Notice(
                constant(Notice.Kind.values(), in.readByte(), "kind of notice"),
                new SessionKey(Bytes.readString(in), Bytes.readString(in)),
                in.readLong());
    }

    private static void requireFormat(DataInput in, String what) throws IOException {
        byte format = in.readByte();
        if (format != FORMAT) {
            String message = what + " of format " + format + ": this version of Mooring reads format " + FORMAT;
            throw format > FORMAT ? new NewerFormatException(message) : new StreamCorruptedException(message);
        }
    }

    private static int ordinal(@Nullable Enum<?> constant) {
        return constant == null ? -1 : constant.ordinal();
    }

    private static <E> E constant(E[] constants, int ordinal, String what) throws IOException {
        if (ordinal < 0 || ordinal >= constants.length) {
            throw new StreamCorruptedException(what + " " + ordinal + ": expected 0 to " + (constants.length - 1));
        }
        return constants[ordinal];
    }

    private static <E> @Nullable E nullableConstant(E[] constants, int ordinal, String what) throws IOException {
        return ordinal == -1 ? null : constant(constants, ordinal, what);
    }

    private static void writeTimes(Times times, DataOutput out) throws IOException {
        out.writeLong(times.created());
        out.writeLong(times.accessed());
        out.writeLong(times.lastAccessed());
        out.writeLong(times.used());
        out.writeLong(times.cookieSet());
    }

    private static Times readTimes(DataInput in) throws IOException {
        return new Times(in.readLong(), in.readLong(), in.readLong(), in.readLong(), in.readLong());
    }

    private static void writeStamp(Stamp stamp, DataOutput out) throws IOException {
        out.writeLong(stamp.version());
        Bytes.writeString(stamp.node(), out);
    }

    private static Stamp readStamp(DataInput in) throws IOException {
        return new Stamp(in.readLong(), Bytes.readString(in));
    }
}
