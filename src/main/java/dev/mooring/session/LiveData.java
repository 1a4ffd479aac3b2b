package dev.mooring.session;

import dev.mooring.model.Change;
import dev.mooring.model.Notice;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.model.Stamp;
import dev.mooring.model.Times;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.session.SessionData;
import org.jspecify.annotations.Nullable;

/**
 * This node's copy of a session's record, and what was changed here and is not stored yet. Changed in place when the
 * record moves on: an attribute that did not change keeps its object.
 *
 * <p>Guarded by the session's lock; what is volatile is written under it and read without.
 */
final class LiveData extends SessionData {

    private static final long serialVersionUID = 1L;

    /** What is to be stored, as it was at one moment. */
    static final class Pending {
        private final Edits attributes;
        private boolean create;
        private @Nullable String id;
        private @Nullable Long maxInactiveMs;
        private long maxInactiveEdit;
        private long logoutEdit;
        private Times times = new Times(0, 0, 0, 0, 0);

        private Pending(Edits attributes) {
            this.attributes = attributes;
        }

        /** Returns what to tell the other holders of it. */
        Notice.Kind kind() {
            if (logoutEdit != 0) {
                return Notice.Kind.LOGGED_OUT;
            }
            return maxInactiveMs == null ? Notice.Kind.CHANGED : Notice.Kind.LIMITED;
        }

        /**
         * Makes the change that stores this; serialises outside of any lock. Values that cannot be stored stay here.
         */
        Change.Delta toDelta(String node, long load, long operation) {
            Map<String, byte[]> set = new HashMap<>();
            Set<String> removed = new HashSet<>();
            attributes.encode(set, removed);
            return new Change.Delta(node, load, operation, create, times, id, maxInactiveMs, set, removed, Set.of());
        }
    }

    private final SessionKey key;
    private final transient Heard heard;
    private final transient LiveAttributes attributes;

    /** The version of the record that this copy has; 0 to read all of it again. Written under the session's lock. */
    private volatile long version;

    /** The lease's epoch in which this copy was seen to be current. Written under the session's lock. */
    private volatile long epoch;

    /** Counts the notices of versions that this copy had already. Grown by Hazelcast's threads. */
    private final transient AtomicLong doubts = new AtomicLong();

    /** How many of {@link #doubts} there were before this copy was read. Written in the session's turn. */
    private volatile long settled;

    /** When the session was in use last, in cluster time. Only grows; a lost race loses a millisecond. */
    private volatile long used;

    /** Whether the record exists. Written under the session's lock. */
    private volatile boolean stored;

    /** See {@link #sharers}; only ever a hint. */
    private volatile Set<String> sharers = Set.of();

    /** Counts the changes that are made here to anything but the attributes. */
    private long edits;

    private long maxInactiveEdit;

    /** The number of the change by which the user has logged out here, until that is stored; 0 for none. */
    private long logoutEdit;

    private @Nullable String newId;

    /** Starts a session that the cluster does not know yet. */
    LiveData(
            SessionKey key,
            String contextPath,
            String virtualHost,
            long now,
            long maxInactiveMs,
            Heard heard,
            AttributeCodec codec,
            AttributeRules rules) {
        super(key.name(), contextPath, virtualHost, now, now, now, maxInactiveMs);
        this.key = key;
        this.heard = heard;
        this.attributes = new LiveAttributes(key, codec, rules);
        this.used = now;
    }

    SessionKey key() {
        return key;
    }

    Heard heard() {
        return heard;
    }

    LiveAttributes attributes() {
        return attributes;
    }

    long version() {
        return version;
    }

    boolean stored() {
        return stored;
    }

    /**
     * Tells whether the copy may be read without asking, in the epoch of a lease or while it has lapsed. Needs no lock.
     */
    boolean isCurrent(long leaseEpoch) {
        return !stored
                || (leaseEpoch > 0
                        && epoch == leaseEpoch
                        && heard.version() <= version
                        && doubts.get() == settled
                        && heard.end() == null);
    }

    /**
     * Another node says that the record has this version. A copy that is older is behind now, see {@link #isCurrent}. One
     * that has this version already may have read a change that was not finished and has died with its member; the
     * notice is then of another change with the same number. So the record is read once more. Needs no lock.
     */
    void told(long newVersion) {
        if (newVersion <= version) {
            doubts.incrementAndGet();
        }
    }

    /** What to {@link #settle} once the record has been read. */
    long doubts() {
        return doubts.get();
    }

    /** The copy was read after so many {@link #doubts}. */
    void settle(long met) {
        settled = met;
    }

    /** Tells whether the copy was read in an epoch of the lease. Needs no lock. */
    boolean isOf(long leaseEpoch) {
        return epoch == leaseEpoch;
    }

    /** From here on the copy is not to be read before the record was asked. */
    void doubt() {
        epoch = 0;
    }

    /**
     * Tells whether a view has every value that this copy lacks. Its version may not tell: after a merge of a split
     * cluster, or where this copy was read from a member that died before its backups had the same.
     */
    boolean isCompletedBy(SessionRecord view) {
        return view.version() >= version && attributes.areCompletedBy(view.attributes());
    }

    /** The record is not one that this copy has led to: it is to be read as a whole. */
    void forgetVersion() {
        version = 0;
        epoch = 0;
    }

    /** Takes over the record as it was read in the given epoch; what was changed here and is not stored stays. */
    void adopt(SessionRecord record, long readIn) {
        if (stored && record.version() < version) {
            return;
        }
        attributes.adopt(record.attributes());
        if (newId == null) {
            super.setId(record.id());
        }
        if (maxInactiveEdit == 0) {
            super.setMaxInactiveMs(record.maxInactiveMs());
        }
        adopt(record.times());
        sharedBy(record.holders().keySet());
        stored = true;
        setLastSaved(record.times().created());
        version = record.version();
        epoch = readIn;
    }

    private void adopt(Times times) {
        setCreated(times.created());
        setAccessed(Math.max(getAccessed(), times.accessed()));
        setLastAccessed(Math.max(getLastAccessed(), times.lastAccessed()));
        setCookieSet(Math.max(getCookieSet(), times.cookieSet()));
        usedAt(times.used());
    }

    /** Returns what is to be stored, or null if there is nothing. A logout may be no more than a new version. */
    @Nullable
    Pending pending() {
        Pending pending = new Pending(attributes.pending());
        if (stored && pending.attributes.isEmpty() && maxInactiveEdit == 0 && logoutEdit == 0 && newId == null) {
            return null;
        }
        pending.create = !stored;
        pending.id = stored ? newId : getId();
        pending.maxInactiveMs = stored && maxInactiveEdit == 0 ? null : (Long) getMaxInactiveMs();
        pending.maxInactiveEdit = maxInactiveEdit;
        pending.logoutEdit = logoutEdit;
        pending.times = times();
        return pending;
    }

    /** The record has what was pending; {@code base} is the version that it met. */
    void stored(Pending pending, Change.Delta delta, long base, long newVersion, long readIn) {
        attributes.stored(pending.attributes, delta.set(), new Stamp(newVersion, delta.node()));
        forgetEdits(pending);
        if (pending.id != null) {
            super.setId(pending.id);
            newId = Objects.equals(pending.id, newId) ? null : newId;
        }
        if (!stored) {
            stored = true;
            version = newVersion;
            epoch = readIn;
        } else if (base == version) {
            version = newVersion;
        }
        heard.changed(newVersion);
        setLastSaved(Math.max(getLastSaved(), getCreated()));
    }

    /**
     * It is not known whether the record has what was pending: forget it, and read the record again. What is to be the
     * record's first state is kept.
     *
     * @return whether anything was forgotten
     */
    boolean discard(Pending pending) {
        if (!stored) {
            return false;
        }
        attributes.discard(pending.attributes);
        forgetEdits(pending);
        newId = null;
        version = 0;
        epoch = 0;
        return true;
    }

    private void forgetEdits(Pending pending) {
        if (pending.maxInactiveEdit == maxInactiveEdit) {
            maxInactiveEdit = 0;
        }
        if (pending.logoutEdit == logoutEdit) {
            logoutEdit = 0;
        }
    }

    /** Notes which nodes hold the session. For any thread. */
    void sharedBy(Set<String> holders) {
        sharers = holders.size() == 1 ? Set.of() : Set.copyOf(holders);
    }

    /**
     * Returns the nodes that held the session when this copy or its record was last looked at; none if it was only one.
     */
    Set<String> sharers() {
        return sharers;
    }

    Times times() {
        return new Times(getCreated(), getAccessed(), getLastAccessed(), used, getCookieSet());
    }

    long used() {
        return used;
    }

    void usedAt(long when) {
        if (when > used) {
            used = when;
        }
    }

    /** Returns when the session expires unless it is used again: cluster time, or the end of time. */
    long deadline() {
        return getMaxInactiveMs() <= 0 ? Long.MAX_VALUE : used + getMaxInactiveMs();
    }

    /** Asks for another id with the next change that is stored. */
    void renameTo(String id) {
        newId = id;
    }

    @Override
    public @Nullable Object getAttribute(String name) {
        return attributes.get(name);
    }

    @Override
    public @Nullable Object setAttribute(String name, @Nullable Object value) {
        if (Login.isEndedBy(name, value)) {
            logoutEdit = ++edits;
        }
        return attributes.set(name, value);
    }

    @Override
    public Set<String> getKeys() {
        return attributes.names();
    }

    @Override
    public Map<String, Object> getAllAttributes() {
        Map<String, Object> values = new HashMap<>();
        for (String name : getKeys()) {
            Object value = getAttribute(name);
            if (value != null) {
                values.put(name, value);
            }
        }
        return Collections.unmodifiableMap(values);
    }

    @Override
    public void putAllAttributes(Map<String, Object> values) {
        values.forEach(this::setAttribute);
    }

    @Override
    public void clearAllAttributes() {
        getKeys().forEach(name -> setAttribute(name, null));
    }

    @Override
    public void setMaxInactiveMs(long maxInactiveMs) {
        super.setMaxInactiveMs(maxInactiveMs);
        maxInactiveEdit = ++edits;
    }

    @Override
    public boolean isDirty() {
        return pending() != null;
    }

    @Override
    public long getExpiry() {
        long deadline = deadline();
        return deadline == Long.MAX_VALUE ? 0 : deadline;
    }

    @Override
    public boolean isExpiredAt(long time) {
        return deadline() <= time;
    }

    @Override
    public String toString() {
        return "session " + key + ", version " + version;
    }
}
