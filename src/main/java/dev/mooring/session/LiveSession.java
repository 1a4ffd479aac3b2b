package dev.mooring.session;

import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.session.ManagedSession;
import org.eclipse.jetty.util.thread.AutoLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The session that applications hold. It is the one object of its session on this node, from the first load until the end, so
 * whoever holds it, in a request or long after, holds a live session: each read looks whether the copy is current and reads
 * the record anew if not; each write outside of a request is in the cluster when it returns.
 *
 * <p>Jetty's session lock guards the copy; {@link Exchange} has a lock of its own, which is taken first. What Hazelcast's threads
 * hear goes to {@link Heard} and takes no lock.
 */
public final class LiveSession extends ManagedSession {

    private static final Logger LOG = LoggerFactory.getLogger(LiveSession.class);

    /** How long the other holders of a session that is due leave its end to one of them. */
    private static final long YIELD_MS = 400;

    /** The session because of which this thread ends those of other web applications with the same id. */
    private static final ThreadLocal<@Nullable Ending> ENDING = new ThreadLocal<>();

    private record Ending(LiveSession session, String id, EndCause cause) {}

    /** The session that a request on this thread has just found. */
    private static final ThreadLocal<@Nullable LiveSession> FOUND = new ThreadLocal<>();

    private final WebApplication application;
    private final Cluster cluster;
    private final LiveData data;
    private final Exchange exchange;
    private final Uses uses;
    private final InPlaceChanges changes;
    private final Set<Attachment> attachments = ConcurrentHashMap.newKeySet();

    /** The new id that a change of the id has reached in the cluster. */
    private volatile @Nullable String confirmedId;

    /** Set when the user logs out here, until that is stored. Guarded by the session's lock. */
    private boolean loggingOut;

    /** The thread that has last found the session valid, until it asks {@link #isNew}. */
    private volatile @Nullable Thread foundValid;

    /** How often the user has logged out, as far as this node has heard. */
    private final AtomicInteger logouts = new AtomicInteger();

    /** Nobody on this node needed the session, which is not among its holders. Written under the session's lock. */
    private volatile boolean evicted;

    /** The attributes have been told that the session leaves, and not yet that it is back. Written under the session's lock. */
    private volatile boolean passivated;

    /** Runs the listeners of the end, and so may still read what everybody else may not. Guarded by the session's lock. */
    private @Nullable Thread ender;

    LiveSession(WebApplication application, LiveData data, long load) {
        super(application.manager(), data);
        this.application = application;
        this.cluster = application.cluster();
        this.data = data;
        this.exchange = new Exchange(this, data, application, load);
        this.uses = new Uses(this, data, application);
        this.changes = new InPlaceChanges(this, data, application);
    }

    /**
     * Returns the key under which the session may be logged.
     *
     * @return the unchanging key
     */
    public SessionKey key() {
        return data.key();
    }

    LiveData data() {
        return data;
    }

    // ---- reads

    /**
     * Makes sure that this copy has everything that was finished before the call. Returns at once when nothing was heard;
     * otherwise blocks for a round trip to the cluster.
     *
     * @throws StoreUnavailableException if it cannot be known what the session is now
     */
    void makeCurrent() {
        if (!data.isCurrent(cluster.epoch()) && !_lock.isHeldByCurrentThread()) {
            refresh();
        }
    }

    private void refresh() {
        if (!isInvalidOrInvalidating() && exchange.refresh()) {
            onSessionActivation();
        }
    }

    @Override
    public String getId() {
        makeCurrentIfPossible();
        return super.getId();
    }

    // Jetty asks for the id where it can do nothing with an exception.
    private void makeCurrentIfPossible() {
        try {
            makeCurrent();
        } catch (StoreUnavailableException | IllegalStateException e) {
            LOG.debug("Session {}: id as last known", key(), e);
        }
    }

    @Override
    public @Nullable Object getAttribute(String name) {
        makeCurrent();
        materialise(name);
        Object value;
        try (AutoLock ignored = lock()) {
            if (_state == State.INVALID && Login.ATTRIBUTES.contains(name)) {
                // Jetty's authenticators look into the session that a request was found with. If that has ended
                // meanwhile, its user is nobody, and the request no error.
                return null;
            }
            value = super.getAttribute(name);
        }
        touch(name, value);
        return value;
    }

    /** Returns the names of what can be read on this node; for that, it is. */
    @Override
    public Set<String> getAttributeNameSet() {
        makeCurrent();
        unreadNames().forEach(this::materialise);
        return super.getAttributeNameSet();
    }

    // An attribute's own code runs when it is read for the first time: not under the session's lock.
    private void materialise(String name) {
        LiveData.Unread unread;
        try (AutoLock ignored = lock()) {
            unread = data.unread(name);
        }
        if (unread == null) {
            return;
        }
        data.read(unread);
        Object value;
        try (AutoLock ignored = lock()) {
            value = data.adopt(unread);
        }
        if (value != null) {
            application.run(() -> Environment.activated(value, this));
        }
    }

    private Set<String> unreadNames() {
        try (AutoLock ignored = lock()) {
            return data.unreadNames();
        }
    }

    private void touch(String name, @Nullable Object value) {
        if (value != null && !Immutables.contain(value)) {
            RequestScope.touch(this, name);
        }
    }

    /**
     * The current thread, which works for no request, is about to answer a client: attributes that it has changed in place so
     * far, of whatever session, are stored first. Blocks if there are any; costs next to nothing otherwise.
     */
    public static void storeBeforeReply() {
        RequestScope.beforeReply();
    }

    /** Finds what was changed in place of these attributes; it is stored with what else there is to store. */
    void noticeChanges(Set<String> touched) {
        changes.look(touched);
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
     * Tells whether the client has still to bring the session's id. Jetty asks that itself whenever an application asks for the
     * session of a request, right after it has asked whether the session is valid: what ends the session in between must not
     * fail the request there, where no application could catch it.
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
    protected void checkValidForRead() {
        checkAlive();
    }

    @Override
    protected void checkValidForWrite() {
        checkAlive();
    }

    // Jetty's own messages carry the whole id.
    private void checkAlive() {
        if (_state == State.INVALID) {
            EndCause cause = data.heard().end();
            throw new IllegalStateException(
                    "Session " + key() + " has ended" + (cause == null ? "" : ": " + cause.reason()));
        }
        if (_state == State.INVALIDATING && ender != Thread.currentThread()) {
            throw new IllegalStateException("Session " + key() + " is being ended");
        }
        if (_state != State.INVALIDATING && !isResident()) {
            throw new IllegalStateException("Session " + key() + " is no longer on this node, which stops");
        }
    }

    // ---- activation

    /** The session has come to this node: the attributes that want to hear of it are read, and told. The others stay bytes. */
    void activate() {
        onSessionActivation();
        Set<String> names;
        try (AutoLock ignored = lock()) {
            names = data.unreadNames(application.codec()::isActivationListener);
        }
        names.forEach(this::materialise);
    }

    /** Tells the attributes that were told of the opposite. */
    @Override
    public void onSessionActivation() {
        Map<String, Object> values;
        try (AutoLock ignored = lock()) {
            values = passivated ? data.materialised() : Map.of();
            passivated = false;
        }
        application.run(() -> values.values().forEach(value -> Environment.activated(value, this)));
    }

    /**
     * The session is about to leave this node's memory: the attributes that have been read, and want to hear of it, are told.
     * What they change in place thereby is stored with the session.
     */
    @Override
    public void onSessionPassivation() {
        Map<String, Object> values;
        try (AutoLock ignored = lock()) {
            values = data.materialised();
            passivated = true;
        }
        values.values().removeIf(value -> !Environment.isActivationListener(value.getClass()));
        if (!values.isEmpty()) {
            application.run(() -> values.values().forEach(value -> Environment.passivating(value, this)));
            noticeChanges(values.keySet());
        }
    }

    // ---- writes

    @Override
    public @Nullable Object setAttribute(String name, @Nullable Object value) {
        makeCurrent();
        Encoded encoded = null;
        if (value != null) {
            encoded = application.rules().admit(key(), name, value);
            try (AutoLock ignored = lock()) {
                application.rules().checkLimits(data, name, encoded.size());
            }
        }
        boolean later = application.storesLater(this);
        long losses = exchange.losses();
        materialise(name);
        try {
            return super.setAttribute(name, value);
        } finally {
            if (Login.isEndedBy(name, value)) {
                try (AutoLock ignored = lock()) {
                    loggingOut = true;
                }
            }
            // Also when a listener throws, which the application is told of by the same exception as on any Jetty.
            if (value != null && encoded != null) {
                try (AutoLock ignored = lock()) {
                    data.offer(name, value, encoded, later);
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
        makeCurrent();
        boolean later = application.storesLater(this);
        long losses = exchange.losses();
        // As in Jetty the new interval begins now.
        uses.now();
        try (AutoLock ignored = lock()) {
            data.setMaxInactiveMs(seconds * 1000L);
        }
        uses.armAlarm();
        storeUnless(later, losses);
    }

    private void storeUnless(boolean later, long losses) {
        if (later) {
            RequestScope.wrote(this, losses);
        } else {
            store();
            failIfLostSince(losses);
            try (AutoLock ignored = lock()) {
                checkAlive();
            }
        }
    }

    /** Stores what was changed here, see {@link Exchange#store}. */
    void store() {
        if (exchange.store() && evicted) {
            // The write has made this node a holder, which is to know of changes, and of the deadline.
            makeCurrent();
        }
        if (data.isUnsure()) {
            changes.lookLater();
        }
    }

    /** See {@link Exchange#losses}. */
    long losses() {
        return exchange.losses();
    }

    /** See {@link Exchange#failIfLostSince}. */
    void failIfLostSince(long losses) {
        exchange.failIfLostSince(losses);
    }

    /** Stores what was changed in place, where nobody is left to be told of a failure. */
    void storeAtTheEnd() {
        try {
            store();
        } catch (StoreUnavailableException e) {
            LOG.warn("Session {}: what was changed in place is not stored", key(), e);
        }
    }

    /** Returns what is to be stored; null if there is nothing, or the session has ended. */
    LiveData.@Nullable Pending pending() {
        try (AutoLock ignored = lock()) {
            return isInvalidOrInvalidating() ? null : data.pending(loggingOut && data.stored());
        }
    }

    /** Tells whether what was last pending has the user logged out, and forgets it. */
    boolean takeLogout() {
        try (AutoLock ignored = lock()) {
            boolean taken = loggingOut;
            loggingOut = false;
            return taken;
        }
    }

    /** The user has logged out, here or elsewhere: tells whatever is attached. Does not block; for any thread. */
    void loggedOut() {
        logouts.incrementAndGet();
        attachments.forEach(attachment -> application.deadlines().run(attachment::loggedOut));
    }

    // ---- id

    /** Takes a new id in this web application. Called by Jetty through the cache, while the state is CHANGING or VALID. */
    void renameTo(String newId) {
        store();
        cluster.alias(key(), newId, data.getMaxInactiveMs());
        long losses = exchange.losses();
        try (AutoLock ignored = lock()) {
            data.renameTo(newId);
        }
        store();
        failIfLostSince(losses);
        try (AutoLock ignored = lock()) {
            checkAlive();
            onIdChanged();
        } catch (IllegalStateException e) {
            cluster.dropAlias(key(), newId);
            throw e;
        }
        confirmedId = newId;
    }

    /**
     * Changes the id. Jetty's own steps, but for an id that stays as it was when the cluster does not confirm the new one.
     *
     * @throws IllegalStateException if the session has ended, or the response is committed
     * @throws StoreUnavailableException if the cluster did not confirm
     */
    @Override
    public void renewId(Request request, @Nullable Response response) {
        if (response != null && response.isCommitted()) {
            throw new IllegalStateException("Session " + key() + ": the response is committed, its id cannot change");
        }
        makeCurrent();
        startChanging();
        try {
            String newId = _manager.getSessionIdManager().renewSessionId(super.getId(), getExtendedId(), request);
            if (!newId.equals(confirmedId)) {
                makeCurrentIfPossible();
                try (AutoLock ignored = lock()) {
                    checkAlive();
                }
                throw new StoreUnavailableException("session " + key() + ": its new id was not confirmed", null);
            }
        } finally {
            try (AutoLock ignored = lock()) {
                if (_state == State.CHANGING) {
                    _state = State.VALID;
                }
                _stateChangeCompleted.signalAll();
            }
        }
        if (response != null && isSetCookieNeeded()) {
            Response.putCookie(response, _manager.getSessionCookie(this, request.isSecure()));
        }
    }

    /** The session may have another id than before: it is found by that from now on. */
    void followId(String oldId) {
        String id = data.getId();
        if (!oldId.equals(id)) {
            setExtendedId(_manager.getSessionIdManager().getExtendedId(id, null));
            application.sessions().renamed(this, oldId);
        }
    }

    private void startChanging() {
        try (AutoLock ignored = lock()) {
            awaitUnchanging();
            checkAlive();
            if (_state == State.INVALIDATING) {
                throw new IllegalStateException("Session " + key() + " is being ended");
            }
            _state = State.CHANGING;
        }
    }

    private void awaitUnchanging() {
        while (_state == State.CHANGING) {
            _stateChangeCompleted.awaitUninterruptibly();
        }
    }

    // ---- use

    /**
     * A session whose id is just changing is as valid as ever. Jetty says no, and would serve another request that has entered it
     * meanwhile without a session, and never have it leave: then the session counts as used for ever.
     */
    @Override
    public boolean isValid() {
        boolean valid;
        try (AutoLock ignored = lock()) {
            valid = _state == State.VALID || _state == State.CHANGING;
        }
        foundValid = valid ? Thread.currentThread() : null;
        return valid;
    }

    /** Enters a request, if the session is on this node and alive. */
    boolean enter() {
        try (AutoLock ignored = lock()) {
            if (!isResident() || evicted || isInvalidOrInvalidating()) {
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
     * Ends what {@link #access} began for an accessor (Jakarta Servlet 6.1, {@code HttpSession.Accessor}): stores what was
     * changed in place. Requests leave by the cache.
     */
    @Override
    public void release() {
        if (RequestScope.endAccess(this)) {
            leave();
        }
    }

    /**
     * The session is in use now: a request or a message. Costs no call to the cluster; the use is reported in time. Does not
     * block; for any thread.
     */
    public void used() {
        uses.now();
    }

    Uses uses() {
        return uses;
    }

    /** What this node knows of the session may be wrong: looks again. Blocks. */
    void lookAgain() {
        data.doubt();
        expireIfDue();
    }

    /** When the cookie was sent, by this machine's clock, which Jetty compares it with. */
    @Override
    public long getCookieSetTime() {
        return super.getCookieSetTime() + System.currentTimeMillis() - cluster.time();
    }

    /** A request has found this session; {@link #access} comes next, on the same thread. */
    void foundByRequest() {
        FOUND.set(this);
    }

    /**
     * Jetty announces a request that has found this session; or an accessor, which has not, and enters it here. The time is the
     * cluster's, whatever this machine's clock says.
     *
     * @throws IllegalStateException if an accessor's session has ended
     */
    @Override
    public boolean access(long time) {
        boolean accessor = FOUND.get() != this;
        FOUND.remove();
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
            data.setLastAccessed(data.getAccessed());
            data.setAccessed(cluster.time());
        }
        uses.now();
        if (accessor) {
            RequestScope.beginAccess(this);
        }
        return true;
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

    /** Ends the session if it has not been used for too long, anywhere; looks again later if it has. Blocks. */
    void expireIfDue() {
        if (isInvalidOrInvalidating()) {
            return;
        }
        try {
            makeCurrent();
            uses.last();
            long now = cluster.time();
            if (data.deadline() > now || !end(EndCause.EXPIRED, now)) {
                uses.armAlarm();
            }
        } catch (StoreUnavailableException e) {
            LOG.debug("Session {}: not ended yet, although due", key(), e);
            uses.snooze();
        } catch (IllegalStateException e) {
            LOG.debug("Session {}: ends already", key(), e);
        }
    }

    /**
     * Begins to end the session if it is due; looks again later if not. Does not block: where that would be needed, {@link
     * #expireIfDue} is left to another thread.
     *
     * @param now cluster time
     * @return what claims it, to be closed; null if it is not due, or is ended by itself
     */
    Exchange.@Nullable Claim claimIfDue(long now) {
        if (isInvalidOrInvalidating() || evicted) {
            return null;
        }
        uses.last();
        if (data.deadline() > now) {
            uses.armAlarm();
            return null;
        }
        boolean quiet;
        try (AutoLock ignored = lock()) {
            quiet = _state == State.VALID && isResident() && data.stored();
        }
        boolean yields = now - data.deadline() < YIELD_MS;
        Exchange.Claim claim = quiet
                ? exchange.tryToClaim(EndCause.EXPIRED, now, () -> startInvalidating(EndCause.EXPIRED), yields)
                : null;
        if (claim == null) {
            application.deadlines().queue(this::expireIfDue);
        }
        return claim;
    }

    /** A claim that {@link #claimIfDue} began has not won, or was not answered. Does not block. */
    void notExpired(@Nullable Outcome outcome) {
        if (outcome == null) {
            uses.snooze();
        } else if (outcome.result() == Outcome.Result.ASK) {
            uses.lookAgainIn(YIELD_MS);
        } else if (outcome.result() == Outcome.Result.NOT_DUE) {
            // By what this copy knows it may still seem to be.
            application.deadlines().queue(this::expireIfDue);
        } else {
            endedElsewhere(Exchange.causeOf(outcome));
        }
    }

    // ---- eviction

    /**
     * Leaves the session to the other nodes if nobody needs it here: neither a request nor a WebSocket. An application that
     * still has it may go on using it, which brings it back. Blocks.
     *
     * @param usedBefore cluster time since which it must not have been used
     * @return what takes this node off the holders; null if the session stays
     */
    Change.@Nullable Leave evict(long usedBefore) {
        if (!isIdle(usedBefore)) {
            return null;
        }
        onSessionPassivation();
        // What the listeners have changed.
        store();
        Change.Leave leave = exchange.giveUp(() -> isIdle(usedBefore));
        if (leave == null) {
            onSessionActivation();
        }
        return leave;
    }

    private boolean isIdle(long usedBefore) {
        try (AutoLock ignored = lock()) {
            return _state == State.VALID
                    && isResident()
                    && !evicted
                    && data.stored()
                    && data.used() <= usedBefore
                    && uses.requests() == 0
                    && attachments.isEmpty()
                    && !data.hasLocal()
                    && data.pending() == null;
        }
    }

    /** Called under both locks. */
    void goAway() {
        evicted = true;
        uses.disarm();
        application.sessions().evicted(this);
    }

    /** Called under the lock of the exchange. */
    boolean comeBack() {
        try (AutoLock ignored = lock()) {
            if (!evicted) {
                return false;
            }
            evicted = false;
        }
        application.sessions().holdAgain(this);
        uses.armAlarm();
        return true;
    }

    boolean isEvicted() {
        return evicted;
    }

    // ---- end

    @Override
    public void invalidate() {
        end(EndCause.INVALIDATED, null);
    }

    /** Jetty ends the session since one with the same id ends in another web application. */
    @Override
    public boolean beginInvalidate() {
        Ending ending = ENDING.get();
        return begin(ending == null ? EndCause.INVALIDATED : ending.cause, null);
    }

    /**
     * Ends the session: claims it in the cluster, tells the holders, closes what is attached, runs the listeners, leaves a
     * tombstone. Returns false if it ends already on this node, or is not due.
     *
     * @throws IllegalStateException if the session has ended
     * @throws StoreUnavailableException if the cluster did not confirm; then the session lives
     */
    private boolean end(EndCause cause, @Nullable Long dueAt) {
        String id = super.getId();
        if (!begin(cause, dueAt)) {
            return false;
        }
        runListeners(cause, id, true);
        return true;
    }

    /** Ends a session that was made for a response which is not sent: nobody has its id. */
    void abandonUnlessStored() {
        if (!data.stored()) {
            end(EndCause.INVALIDATED, null);
        }
    }

    /** Goes on with an end that a node has claimed which is no more. */
    void inheritEnd(EndCause cause) {
        if (startInvalidating(cause)) {
            runListeners(cause, super.getId(), true);
        }
    }

    /** This node's claim of the end has arrived although its answer has not: goes on with it. Does not block. */
    void endLater(EndCause cause) {
        application.deadlines().run(() -> {
            try {
                end(cause, null);
            } catch (StoreUnavailableException | IllegalStateException e) {
                LOG.debug("Session {}: its end is gone on with later", key(), e);
                uses.snooze();
            }
        });
    }

    /**
     * Runs the listeners of an end that this node has claimed, and ends the sessions of the same id in other web applications.
     * Blocks.
     *
     * @param id the id that the session had
     * @param knownElsewhere whether there may be any
     */
    void runListeners(EndCause cause, String id, boolean knownElsewhere) {
        try (AutoLock ignored = lock()) {
            ender = Thread.currentThread();
        }
        application.coverListeners();
        try {
            _manager.onSessionDestroyed(this);
        } catch (RuntimeException e) {
            LOG.warn("Session {}: a listener of its end failed", key(), e);
        }
        finishInvalidate();
        if (!knownElsewhere) {
            return;
        }
        Ending outer = ENDING.get();
        ENDING.set(new Ending(this, id, cause));
        try {
            _manager.getSessionIdManager().invalidateAll(id);
        } finally {
            if (outer == null) {
                ENDING.remove();
            } else {
                ENDING.set(outer);
            }
        }
    }

    /** Tells whether the current thread has just ended the session of that id in this web application, and goes on to others. */
    static boolean hasJustEnded(WebApplication application, String id) {
        Ending ending = ENDING.get();
        return ending != null && ending.session.application == application && ending.id.equals(id);
    }

    private boolean begin(EndCause cause, @Nullable Long dueAt) {
        try (AutoLock ignored = lock()) {
            awaitUnchanging();
            boolean over = _state == State.INVALID || !isResident();
            if (_state == State.INVALIDATING || over && dueAt != null) {
                return false;
            }
            checkAlive();
        }
        if (!data.stored()) {
            if (!startInvalidating(cause)) {
                return false;
            }
            attachmentsEnd(cause);
            return true;
        }
        Outcome outcome = exchange.claim(cause, dueAt, () -> startInvalidating(cause));
        if (outcome == null) {
            return false;
        }
        if (outcome.applied()) {
            exchange.tellOfEnd(cause, outcome);
            attachmentsEnd(cause);
            return true;
        }
        if (outcome.result() != Outcome.Result.NOT_DUE) {
            endedElsewhere(Exchange.causeOf(outcome));
            if (dueAt == null) {
                throw new IllegalStateException("Session " + key() + " has ended on another node");
            }
        }
        return false;
    }

    /** Of several threads of this node whose claims succeed, one goes on. */
    private boolean startInvalidating(EndCause cause) {
        try (AutoLock ignored = lock()) {
            if (isInvalidOrInvalidating()) {
                return false;
            }
            _state = State.INVALIDATING;
            ender = Thread.currentThread();
            data.heard().ended(cause);
            if (data.stored()) {
                application.sessions().ending(key());
            }
            return true;
        }
    }

    /** Runs the listeners of the attributes, then leaves a tombstone in the cluster. */
    @Override
    public void finishInvalidate() {
        try {
            unbindAttributes();
            super.finishInvalidate();
        } finally {
            depart();
            if (data.stored() && data.heard().end() == EndCause.EXPIRED) {
                application.expiries().bury(this);
            } else if (data.stored()) {
                exchange.leaveTombstone();
            } else {
                exchange.undoCreation();
            }
        }
    }

    /** The tombstone is in place. Blocks if the session has had another id. */
    void buried() {
        exchange.buried();
    }

    // As Jetty does, but not under the session's lock, and a listener that fails does not keep the others from being
    // called.
    private void unbindAttributes() {
        Set<String> names;
        do {
            unreadNames().forEach(this::materialise);
            try (AutoLock ignored = lock()) {
                names = data.getKeys();
            }
            names.forEach(this::unbind);
        } while (!names.isEmpty());
    }

    private void unbind(String name) {
        Object old;
        try (AutoLock ignored = lock()) {
            old = data.setAttribute(name, null);
        }
        try {
            if (old != null) {
                onSessionAttributeUpdate(name, null, old);
            }
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("Session {}: a listener of the end of attribute {} failed", key(), name, e);
        }
    }

    /** The session has ended on another node, which runs the listeners: here it is just gone. */
    void endedElsewhere(EndCause cause) {
        try (AutoLock ignored = lock()) {
            if (isInvalidOrInvalidating()) {
                return;
            }
            _state = State.INVALID;
            _stateChangeCompleted.signalAll();
        }
        data.heard().ended(cause);
        depart();
        attachmentsEnd(cause);
    }

    private void depart() {
        uses.disarm();
        application.sessions().forget(this);
        setResident(false);
    }

    // ---- attachments

    /**
     * Ties something to this session until either ends.
     *
     * @param attachment told of the session's end, now if that has come already
     */
    public void attach(Attachment attachment) {
        attachments.add(attachment);
        // The session may end between the two lines. Registered first and looked at after, the attachment is told by
        // this
        // thread or by the one that ends the session; taking it out of the set decides which.
        EndCause cause = data.heard().end();
        if (cause != null) {
            tellAttachment(attachment, cause);
        }
    }

    /**
     * Tells whether the end of the session has been decided, as far as this node has heard. Does not block; for any thread.
     *
     * @return true from then on for good
     */
    public boolean hasEnded() {
        return data.heard().end() != null;
    }

    /**
     * Returns how often the user has logged out since the session is on this node: whoever attaches something can see whether that
     * came in between. Does not block; for any thread.
     *
     * @return a number that only grows
     */
    public int logouts() {
        return logouts.get();
    }

    /**
     * Unties something that ends by itself.
     *
     * @param attachment what was attached; nothing happens if it is not any more
     */
    public void detach(Attachment attachment) {
        attachments.remove(attachment);
    }

    /** Tells whether something that is attached keeps the session alive by being there. */
    boolean isKeptAlive() {
        return attachments.stream().anyMatch(Attachment::keepsAlive);
    }

    /**
     * This node stops, and others carry the session on. Blocks.
     *
     * @return what takes this node off the holders
     */
    Change.Leave handOn() {
        uses.disarm();
        if (!isInvalidOrInvalidating() && !evicted) {
            onSessionPassivation();
        }
        store();
        return exchange.leave(false);
    }

    /** Another load of this session was dropped in favour of this object. Blocks for as long as an exchange takes. */
    void loadedAgain(long load) {
        exchange.loadedAgain(load);
    }

    /**
     * Returns why the session has ended or ends.
     *
     * @return nothing while it lives, as far as this node has heard
     */
    public Optional<EndCause> endCause() {
        return Optional.ofNullable(data.heard().end());
    }

    /**
     * Returns how many attachments there are.
     *
     * @return the number of open WebSockets tied to this session on this node
     */
    public int attachments() {
        return attachments.size();
    }

    /** The session has ended: tells what is attached. Does not block. */
    void attachmentsEnd(EndCause cause) {
        attachments.forEach(attachment -> tellAttachment(attachment, cause));
    }

    private void tellAttachment(Attachment attachment, EndCause cause) {
        if (attachments.remove(attachment)) {
            application.deadlines().run(() -> attachment.sessionEnded(cause));
        }
    }

    /** Names the session without its id, which Jetty writes into log lines. */
    @Override
    public String toString() {
        return "session " + key();
    }
}
