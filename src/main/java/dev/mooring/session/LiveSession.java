package dev.mooring.session;

import dev.mooring.grid.Patience;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.EndCause;
import dev.mooring.model.SessionKey;
import java.util.Optional;
import java.util.Set;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.thread.AutoLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The session that applications hold. It is the one object of its session on this node, from the first load until the
 * end, so whoever holds it, in a request or long after, holds a live session: each read looks whether the copy is
 * current and reads the record anew if not; each write outside of a request is in the cluster when it returns.
 *
 * <p>Jetty's session lock guards the copy; {@link Exchange} has one of its own, which is taken first. What Hazelcast's
 * threads hear goes to {@link Heard} and takes no lock.
 */
public final class LiveSession extends StatefulSession {

    private static final Logger LOG = LoggerFactory.getLogger(LiveSession.class);

    /** What a request on this thread has just found. */
    private static final ThreadLocal<@Nullable Found> FOUND = new ThreadLocal<>();

    private record Found(LiveSession session, String id) {}

    private final WebApplication application;
    private final Cluster cluster;
    private final LiveData data;
    private final Exchange exchange;
    private final Writes writes;
    private final Uses uses;
    private final InPlaceChanges changes;
    private final Residence residence;
    private final IdChange idChange;
    private final Ending ending;
    private final Attachments attachments;

    /** The thread that has last found the session valid, until it asks {@link #isNew}. */
    private volatile @Nullable Thread foundValid;

    LiveSession(WebApplication application, LiveData data, long load) {
        super(application.manager(), data);
        this.application = application;
        this.cluster = application.cluster();
        this.data = data;
        this.exchange = new Exchange(this, application, load);
        this.writes = new Writes(this, application);
        this.uses = new Uses(this, application);
        this.changes = new InPlaceChanges(this, data.attributes(), application);
        this.residence = new Residence(this, application);
        this.idChange = new IdChange(this, application);
        this.ending = new Ending(this, application);
        this.attachments = new Attachments(data.heard(), application.deadlines());
    }

    /**
     * Returns the key under which the session may be logged.
     *
     * @return the unchanging key
     */
    public SessionKey key() {
        return data.key();
    }

    /**
     * Returns what is tied to this session.
     *
     * @return the same object for as long as the session is on this node
     */
    public Attachments attachments() {
        return attachments;
    }

    /**
     * Tells whether the end of the session has been decided, as far as this node has heard. Does not block; for any
     * thread.
     *
     * @return true from then on for good
     */
    public boolean hasEnded() {
        return data.heard().end() != null;
    }

    /**
     * Returns why the session has ended or ends.
     *
     * @return nothing while it lives, as far as this node has heard
     */
    public Optional<EndCause> endCause() {
        return Optional.ofNullable(data.heard().end());
    }

    LiveData data() {
        return data;
    }

    /** Returns what keeps this copy and its record in step. */
    Exchange exchange() {
        return exchange;
    }

    /** Returns how what was changed here gets into the record. */
    Writes writes() {
        return writes;
    }

    /** Returns when the session was used on this node. */
    Uses uses() {
        return uses;
    }

    /** Returns how the session comes to this node and leaves it. */
    Residence residence() {
        return residence;
    }

    /** Returns what finds attributes that were changed in place. */
    InPlaceChanges inPlaceChanges() {
        return changes;
    }

    IdChange idChange() {
        return idChange;
    }

    /** Returns how the session ends. */
    Ending ending() {
        return ending;
    }

    // ---- reads

    /**
     * Makes sure that this copy has everything that was finished before the call. Returns at once when nothing was
     * heard; otherwise blocks for a round trip to the cluster.
     *
     * @throws StoreUnavailableException if it cannot be known what the session is now
     * @throws IllegalStateException if this node was about to end the session, and now does
     */
    void makeCurrent() {
        if (!becomeCurrent()) {
            throw beingEnded();
        }
    }

    /**
     * As {@link #makeCurrent}, for those who know what it means that the session ends.
     *
     * @return false if this node was about to end it, and now does
     */
    boolean becomeCurrent() {
        if (data.isCurrent(cluster.epoch()) || _lock.isHeldByCurrentThread() || !isAlive()) {
            return true;
        }
        Exchange.Found found = exchange.refresh();
        if (found == Exchange.Found.BACK) {
            residence.activate();
        }
        return found != Exchange.Found.ENDS;
    }

    private IllegalStateException beingEnded() {
        return new IllegalStateException("Session " + key() + " is being ended");
    }

    @Override
    public String getId() {
        makeCurrentIfPossible();
        return super.getId();
    }

    /**
     * Returns the id with this node's name. It follows from the id, and is not what Jetty has set last: that is of the id
     * by which some request has found the session, maybe before the id was changed.
     */
    @Override
    public String getExtendedId() {
        String id;
        try (AutoLock ignored = lock()) {
            id = data.getId();
        }
        return application.manager().getSessionIdManager().getExtendedId(id, null);
    }

    // Jetty asks for the id where it can do nothing with an exception.
    void makeCurrentIfPossible() {
        try {
            becomeCurrent();
        } catch (RuntimeException e) {
            LOG.debug("Session {}: id as last known", key(), StoreFailure.ofAny(e, key()));
        }
    }

    @Override
    public @Nullable Object getAttribute(String name) {
        Object value;
        try {
            makeCurrent();
            materialise(name);
            value = super.getAttribute(name);
        } catch (IllegalStateException e) {
            if (!isAlive() && Login.ATTRIBUTES.contains(name)) {
                // Jetty's authenticators look into the session that a request was found with. If that has ended, or
                // ends, meanwhile, its user is nobody, and the request no error.
                return null;
            }
            throw e;
        }
        touch(name, value);
        return value;
    }

    /** Returns the names of what can be read on this node; for that, it is. */
    @Override
    public Set<String> getAttributeNameSet() {
        makeCurrent();
        materialiseAll();
        return super.getAttributeNameSet();
    }

    /** Reads an attribute from its bytes if it still is them. Its own code runs then: not under the session's lock. */
    void materialise(String name) {
        LiveAttributes.Unread unread;
        try (AutoLock ignored = lock()) {
            unread = data.attributes().unread(name);
        }
        if (unread == null) {
            return;
        }
        data.attributes().read(unread);
        Object value;
        try (AutoLock ignored = lock()) {
            value = data.attributes().adopt(unread);
        }
        if (value != null) {
            application.run(() -> Environment.activated(value, this));
        }
    }

    /** Reads all attributes that are still bytes. */
    void materialiseAll() {
        Set<String> names;
        try (AutoLock ignored = lock()) {
            names = data.attributes().unreadNames();
        }
        names.forEach(this::materialise);
    }

    private void touch(String name, @Nullable Object value) {
        if (value != null && !Immutables.contain(value)) {
            RequestScope.touch(this, name);
        }
    }

    /**
     * The current thread, which works for no request, is about to answer a client: attributes that it has changed in
     * place so far, of whatever session, are stored first. Blocks if there are any; costs next to nothing otherwise.
     */
    public static void storeBeforeReply() {
        RequestScope.beforeReply();
    }

    @Override
    public long getCreationTime() {
        makeCurrent();
        return super.getCreationTime();
    }

    @Override
    public long getLastAccessedTime() {
        makeCurrent();
        return super.getLastAccessedTime();
    }

    @Override
    public int getMaxInactiveInterval() {
        makeCurrent();
        return super.getMaxInactiveInterval();
    }

    /**
     * Tells whether the client has still to bring the session's id. Jetty asks that itself whenever an application asks
     * for the session of a request, right after it has asked whether the session is valid: what ends the session in
     * between must not fail the request there, where no application could catch it.
     */
    @Override
    public boolean isNew() {
        if (foundValid == Thread.currentThread()) {
            foundValid = null;
            try (AutoLock ignored = lock()) {
                return _newSession;
            }
        }
        makeCurrent();
        return super.isNew();
    }

    @Override
    public void onSessionActivation() {
        residence.activate();
    }

    @Override
    public void onSessionPassivation() {
        residence.passivate();
    }

    // ---- writes

    @Override
    public @Nullable Object setAttribute(String name, @Nullable Object value) {
        try (Patience ignored = RequestScope.patience()) {
            return set(name, value);
        }
    }

    private @Nullable Object set(String name, @Nullable Object value) {
        makeCurrent();
        Encoded encoded = null;
        if (value != null) {
            encoded = application.rules().admit(key(), name, value);
            try (AutoLock ignored = lock()) {
                application.rules().checkLimits(data.attributes(), name, encoded.size());
            }
        }
        boolean later = application.storesLater(this);
        long losses = writes.losses();
        materialise(name);
        try {
            return super.setAttribute(name, value);
        } finally {
            // Also when a listener throws, which the application is told of by the same exception as on any Jetty.
            if (value != null && encoded != null) {
                try (AutoLock ignored = lock()) {
                    data.attributes().offer(name, value, encoded, later);
                }
            }
            storeUnless(later, losses);
            touch(name, value);
        }
    }

    /** Calls the listeners of an attribute where they expect to run, on whatever thread. */
    @Override
    protected void onSessionAttributeUpdate(String name, @Nullable Object newValue, @Nullable Object oldValue) {
        application.run(() -> super.onSessionAttributeUpdate(name, newValue, oldValue));
    }

    @Override
    public void setMaxInactiveInterval(int seconds) {
        try (Patience ignored = RequestScope.patience()) {
            limit(seconds);
        }
    }

    private void limit(int seconds) {
        makeCurrent();
        boolean later = application.storesLater(this);
        long losses = writes.losses();
        // As in Jetty the new interval begins now.
        uses.now();
        try (AutoLock ignored = lock()) {
            data.setMaxInactiveMs(seconds * 1000L);
        }
        uses.armAlarm();
        storeUnless(later, losses);
    }

    /** Stores a change now unless the response of a request does. */
    private void storeUnless(boolean later, long losses) {
        // Looked at again after the change: a response that is begun meanwhile by another thread may go without it.
        if (later && application.storesLater(this)) {
            RequestScope.wrote(this, losses);
        } else {
            store();
            writes.failIfLostSince(losses);
            checkAlive();
        }
    }

    /**
     * Stores what was changed here, see {@link Writes#store}.
     *
     * @throws IllegalStateException if this node was about to end the session, and now does
     */
    void store() {
        if (!storeUnlessOver()) {
            throw beingEnded();
        }
    }

    /**
     * The same where nobody has to know that the session ends: what was set in it is dropped with it.
     *
     * @return false if this node was about to end it, and now does
     */
    boolean storeUnlessOver() {
        Writes.Stored stored = writes.store();
        // The write has made this node a holder, which is to know of changes, and of the deadline.
        boolean goesOn =
                stored == Writes.Stored.NOW && residence.isEvicted() ? becomeCurrent() : stored != Writes.Stored.ENDS;
        if (data.attributes().areUnsure()) {
            changes.lookLater();
        }
        return goesOn;
    }

    /** Stores what was changed in place, where nobody is left to be told of a failure. */
    void storeAtTheEnd() {
        try {
            storeUnlessOver();
        } catch (StoreUnavailableException e) {
            LOG.warn("Session {}: what was changed in place is not stored", key(), e);
        }
    }

    /** Returns what is to be stored; null if there is nothing, or the session has ended. */
    LiveData.@Nullable Pending pending() {
        try (AutoLock ignored = lock()) {
            return isAlive() ? data.pending() : null;
        }
    }

    // ---- id

    /**
     * Changes the id.
     *
     * @throws IllegalStateException if the session has ended, or the response is committed
     * @throws StoreUnavailableException if the cluster did not confirm
     */
    @Override
    public void renewId(Request request, @Nullable Response response) {
        if (response != null && response.isCommitted()) {
            throw new IllegalStateException("Session " + key() + ": the response is committed, its id cannot change");
        }
        idChange.run(request, response);
    }

    // ---- use

    /**
     * A session whose id is just changing is as valid as ever. Jetty says no, and would serve another request that has
     * entered it meanwhile without a session, and never have it leave: then the session counts as used for ever.
     */
    @Override
    public boolean isValid() {
        boolean valid = isAlive();
        foundValid = valid ? Thread.currentThread() : null;
        return valid;
    }

    /** Enters a request, if the session is on this node and alive. */
    boolean enter() {
        try (AutoLock ignored = lock()) {
            if (!isResident() || residence.isEvicted() || !isAlive()) {
                return false;
            }
            use();
            return true;
        }
    }

    @Override
    protected void use() {
        uses.enter();
        super.use();
    }

    /** Leaves a request. */
    void leave() {
        super.release();
        uses.leave();
    }

    /**
     * Ends what {@link #access} began for an accessor (Jakarta Servlet 6.1, {@code HttpSession.Accessor}): stores what
     * was changed in place. Requests leave by the cache.
     */
    @Override
    public void release() {
        if (RequestScope.endAccess(this)) {
            leave();
        }
    }

    /**
     * The session is in use now: a request or a message. Costs no call to the cluster; the use is reported in time.
     * Does not block; for any thread.
     */
    public void used() {
        uses.now();
    }

    /** What this node knows of the session may be wrong: looks again. Blocks. */
    void lookAgain() {
        data.doubt();
        ending.expireIfDue();
    }

    /** When the cookie was sent, by this machine's clock, which Jetty compares it with. */
    @Override
    public long getCookieSetTime() {
        return super.getCookieSetTime() + System.currentTimeMillis() - cluster.time();
    }

    /** A request has found this session by an id; {@link #access} comes next, on the same thread. */
    void foundByRequest(String id) {
        FOUND.set(new Found(this, id));
    }

    /**
     * Jetty announces a request that has found this session; or an accessor, which has not, and enters it here. The
     * time is the cluster's, whatever this machine's clock says.
     *
     * @return whether the answer may carry the session's cookie: not that to a request which has found the session by an
     *     id that was changed since, as whoever sent it need not be the one who gets the new id
     * @throws IllegalStateException if an accessor's session has ended
     */
    @Override
    public boolean access(long time) {
        Found found = FOUND.get();
        FOUND.remove();
        boolean accessor = found == null || found.session != this;
        boolean current;
        if (accessor) {
            makeCurrent();
        }
        try (AutoLock ignored = lock()) {
            if (accessor) {
                checkAlive();
                use();
            } else if (!isValid() || !isResident()) {
                return false;
            }
            _newSession = false;
            current = accessor || found.id.equals(data.getId());
            data.setLastAccessed(data.getAccessed());
            data.setAccessed(cluster.time());
        }
        uses.now();
        if (accessor) {
            RequestScope.beginAccess(this);
        }
        return current;
    }

    /** Never true while the session lives: this node's own clock ends sessions, and asks the other nodes first. */
    @Override
    public boolean isExpiredAt(long time) {
        return false;
    }

    /** Keeps Jetty's inactivity timer unarmed. */
    @Override
    public long calculateInactivityTimeout(long now) {
        return -1;
    }

    // ---- end

    @Override
    public void invalidate() {
        ending.invalidate();
    }

    /** Nothing escapes from here to Jetty, which would log the whole id. */
    @Override
    public boolean beginInvalidate() {
        try {
            return ending.beginForJetty();
        } catch (IllegalStateException e) {
            LOG.debug("Session {}: has ended before", key(), e);
        } catch (RuntimeException e) {
            LOG.warn("Session {}: lives on, although one of the same id has ended in another application", key(), e);
        }
        return false;
    }

    /** As {@link #beginInvalidate}. */
    @Override
    public void finishInvalidate() {
        try {
            ending.finish(super::finishInvalidate);
        } catch (RuntimeException e) {
            LOG.warn("Session {}: has ended, and something is left of it", key(), e);
        }
    }
}
