package dev.mooring.model;

import java.util.Collections;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A session as the cluster holds it. Immutable; two records with the same content are equal and have the same bytes, so
 * that a compare-and-set works wherever a cluster keeps it.
 *
 * <p>It changes only by a {@link Change}, which returns the next record. The version grows by one with every change
 * that a reader could notice; uses and holders leave it as it is.
 */
public final class SessionRecord {

    /** The life of a record. It only ever moves on to the next constant. */
    public enum State {
        /** The session lives. */
        LIVE,
        /** One node has claimed the end and runs the listeners; the attributes are kept for it. */
        ENDING,
        /** The session has ended; the record is a tombstone without attributes. */
        ENDED
    }

    /** How many removed attributes a record remembers, the newest, for a merge after the cluster had split. */
    static final int REMOVALS_KEPT = 64;

    private static final long TOMBSTONE_MS = 600_000;

    /** Of two ends, one on each side, all nodes choose the same; which one does not matter. */
    private static final Comparator<SessionRecord> END = Comparator.comparing(
                    SessionRecord::endingNode, Comparator.nullsFirst(Comparator.<String>naturalOrder()))
            .thenComparing(SessionRecord::cause, Comparator.nullsFirst(Comparator.<EndCause>naturalOrder()));

    private final State state;
    private final @Nullable EndCause cause;
    private final @Nullable String endingNode;
    private final String id;
    private final Stamp idStamp;
    private final long maxInactiveMs;
    private final Stamp maxInactiveStamp;
    private final long version;
    private final Times times;
    private final SortedMap<String, Holder> holders;
    private final SortedMap<String, Attribute> attributes;
    private final SortedMap<String, Stamp> removals;

    SessionRecord(Draft draft) {
        state = draft.state;
        cause = draft.cause;
        endingNode = draft.endingNode;
        id = draft.id;
        idStamp = draft.idStamp;
        maxInactiveMs = draft.maxInactiveMs;
        maxInactiveStamp = draft.maxInactiveStamp;
        version = draft.version;
        times = draft.times;
        holders = Collections.unmodifiableSortedMap(draft.holders);
        attributes = Collections.unmodifiableSortedMap(draft.attributes);
        removals = Collections.unmodifiableSortedMap(draft.removals);
    }

    /**
     * Returns where the session is in its life.
     *
     * @return the state
     */
    public State state() {
        return state;
    }

    /**
     * Returns why the session ends or ended.
     *
     * @return null while it is {@link State#LIVE}
     */
    public @Nullable EndCause cause() {
        return cause;
    }

    /**
     * Returns the node that runs the listeners of the end.
     *
     * @return its node id; null while the session is {@link State#LIVE}
     */
    public @Nullable String endingNode() {
        return endingNode;
    }

    /**
     * Returns the current session id, the only one that opens the session.
     *
     * @return the id without a node suffix
     */
    public String id() {
        return id;
    }

    Stamp idStamp() {
        return idStamp;
    }

    /**
     * Returns the maximum inactive interval.
     *
     * @return milliseconds; 0 or less means that the session never expires
     */
    public long maxInactiveMs() {
        return maxInactiveMs;
    }

    Stamp maxInactiveStamp() {
        return maxInactiveStamp;
    }

    /**
     * Returns the number of changes so far that a reader could notice.
     *
     * @return the version, from 1
     */
    public long version() {
        return version;
    }

    /**
     * Returns when the session was used.
     *
     * @return the times, in cluster time
     */
    public Times times() {
        return times;
    }

    /**
     * Returns the nodes that hold a copy.
     *
     * @return node ids with their loads; unmodifiable
     */
    public Map<String, Holder> holders() {
        return holders;
    }

    /**
     * Returns the attributes.
     *
     * @return by name, in order; unmodifiable
     */
    public Map<String, Attribute> attributes() {
        return attributes;
    }

    SortedMap<String, Stamp> removals() {
        return removals;
    }

    /**
     * Returns when the session expires unless it is used again.
     *
     * @return cluster time in milliseconds; {@link Long#MAX_VALUE} for never
     */
    public long deadline() {
        return maxInactiveMs <= 0 ? Long.MAX_VALUE : times.used() + maxInactiveMs;
    }

    /**
     * Returns for how long the cluster should keep the record without a further change. This collects garbage; it is
     * not the expiry.
     *
     * @param slackMs how much longer than the session may live, in milliseconds
     * @return milliseconds; 0 for ever
     */
    public long timeToLiveMs(long slackMs) {
        if (state == State.ENDED) {
            return TOMBSTONE_MS;
        }
        return maxInactiveMs <= 0 ? 0 : maxInactiveMs + slackMs;
    }

    /**
     * Returns this record for a reader that has an older version: attributes that it has come without their bytes.
     *
     * @param known the version that the reader has, 0 for none
     * @return what it needs to be at this version
     */
    public SessionRecord since(long known) {
        Draft draft = new Draft(this);
        draft.attributes = new TreeMap<>();
        attributes.forEach((name, attribute) ->
                draft.attributes.put(name, attribute.stamp().version() > known ? attribute : attribute.withoutBytes()));
        return new SessionRecord(draft);
    }

    /**
     * Merges two records of one session after the cluster had split. Commutative and idempotent; associative, but for
     * the version, as long as no more than {@value #REMOVALS_KEPT} attributes were removed. An end wins over writes; of
     * two writes to one attribute the one with the later {@link Stamp} wins, a removal being a write.
     *
     * @param other the record of the other side
     * @return the record of the side where the session ended further; else one that has everything of both, with a
     *     version that neither side had
     */
    public SessionRecord merge(SessionRecord other) {
        if (equals(other)) {
            return this;
        }
        if (state != other.state) {
            return state.compareTo(other.state) > 0 ? this : other;
        }
        Draft draft = new Draft(END.compare(this, other) >= 0 ? this : other);
        draft.version = Math.max(version, other.version) + 1;
        draft.times = times.merge(other.times);
        draft.holders = new TreeMap<>(holders);
        other.holders.forEach((node, holder) -> draft.holders.merge(
                node,
                holder,
                (a, b) -> new Holder(Math.max(a.load(), b.load()), Math.max(a.operation(), b.operation()))));
        SessionRecord idFrom = idStamp.compareTo(other.idStamp) >= 0 ? this : other;
        draft.id = idFrom.id;
        draft.idStamp = idFrom.idStamp;
        SessionRecord limitFrom = maxInactiveStamp.compareTo(other.maxInactiveStamp) >= 0 ? this : other;
        draft.maxInactiveMs = limitFrom.maxInactiveMs;
        draft.maxInactiveStamp = limitFrom.maxInactiveStamp;
        mergeAttributes(other, draft);
        return new SessionRecord(draft);
    }

    private void mergeAttributes(SessionRecord other, Draft draft) {
        draft.removals = new TreeMap<>(removals);
        other.removals.forEach((name, stamp) -> draft.removals.merge(name, stamp, SessionRecord::later));
        draft.attributes = new TreeMap<>(attributes);
        other.attributes.forEach((name, attribute) ->
                draft.attributes.merge(name, attribute, (a, b) -> a.stamp().compareTo(b.stamp()) >= 0 ? a : b));
        draft.attributes.entrySet().removeIf(entry -> {
            Stamp removal = draft.removals.get(entry.getKey());
            return removal != null && removal.compareTo(entry.getValue().stamp()) > 0;
        });
        draft.removals.keySet().removeAll(draft.attributes.keySet());
        draft.trimRemovals();
    }

    private static Stamp later(Stamp a, Stamp b) {
        return a.compareTo(b) >= 0 ? a : b;
    }

    @Override
    public boolean equals(@Nullable Object object) {
        return object instanceof SessionRecord that
                && version == that.version
                && state == that.state
                && cause == that.cause
                && Objects.equals(endingNode, that.endingNode)
                && id.equals(that.id)
                && idStamp.equals(that.idStamp)
                && maxInactiveMs == that.maxInactiveMs
                && maxInactiveStamp.equals(that.maxInactiveStamp)
                && times.equals(that.times)
                && holders.equals(that.holders)
                && removals.equals(that.removals)
                && attributes.equals(that.attributes);
    }

    @Override
    public int hashCode() {
        return Objects.hash(version, state, id, times, holders.keySet(), attributes.keySet());
    }

    @Override
    public String toString() {
        return "SessionRecord[" + state + ", version " + version + ", id " + SessionKey.shorten(id) + ", " + times
                + ", holders " + holders.keySet() + ", attributes " + attributes.keySet() + "]";
    }

    /** A record in the making; used by one thread, then frozen by the record's constructor. */
    static final class Draft {
        State state = State.LIVE;

        @Nullable
        EndCause cause;

        @Nullable
        String endingNode;

        String id;
        Stamp idStamp;
        long maxInactiveMs;
        Stamp maxInactiveStamp;
        long version;
        Times times;
        SortedMap<String, Holder> holders;
        SortedMap<String, Attribute> attributes;
        SortedMap<String, Stamp> removals;

        /** Starts a record from nothing. */
        Draft(String id, Times times, Stamp stamp) {
            this.id = id;
            this.times = times;
            this.idStamp = stamp;
            this.maxInactiveStamp = stamp;
            this.version = stamp.version();
            this.holders = new TreeMap<>();
            this.attributes = new TreeMap<>();
            this.removals = new TreeMap<>();
        }

        /** Starts from a record; its maps are shared until one is replaced, so replace before you write. */
        Draft(SessionRecord from) {
            state = from.state;
            cause = from.cause;
            endingNode = from.endingNode;
            id = from.id;
            idStamp = from.idStamp;
            maxInactiveMs = from.maxInactiveMs;
            maxInactiveStamp = from.maxInactiveStamp;
            version = from.version;
            times = from.times;
            holders = from.holders;
            attributes = from.attributes;
            removals = from.removals;
        }

        void hold(String node, Holder holder) {
            if (!holder.equals(holders.get(node))) {
                holders = new TreeMap<>(holders);
                holders.put(node, holder);
            }
        }

        void drop(Set<String> nodes) {
            if (!Collections.disjoint(holders.keySet(), nodes)) {
                holders = new TreeMap<>(holders);
                holders.keySet().removeAll(nodes);
            }
        }

        void trimRemovals() {
            while (removals.size() > REMOVALS_KEPT) {
                removals.entrySet().stream()
                        .min(Map.Entry.comparingByValue())
                        .ifPresent(oldest -> removals.remove(oldest.getKey()));
            }
        }
    }
}
