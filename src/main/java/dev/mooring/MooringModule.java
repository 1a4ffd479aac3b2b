package dev.mooring;

import dev.mooring.grid.Grid;
import dev.mooring.grid.GridConfig;
import dev.mooring.session.Deadlines;
import dev.mooring.session.Figures;
import dev.mooring.session.GridSessionDataStoreFactory;
import dev.mooring.session.LiveSessionCache;
import dev.mooring.session.LiveSessionCacheFactory;
import dev.mooring.session.SessionPolicy;
import dev.mooring.websocket.Moorings;
import dev.mooring.websocket.SocketPolicy;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.session.SessionCacheFactory;
import org.eclipse.jetty.session.SessionDataStoreFactory;
import org.eclipse.jetty.util.component.ContainerLifeCycle;
import org.eclipse.jetty.util.component.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What {@code etc/mooring/*.xml} builds: one bean of the {@link Server} that takes the module's properties, freezes
 * them at the start into one {@link GridConfig}, {@link SessionPolicy} and {@link SocketPolicy}, and owns everything
 * that is made of them until it stops.
 *
 * <p>Every property arrives as the text that a person typed, so that the message about a wrong one can repeat it. The
 * start fails with an {@link IllegalArgumentException} when a value is misspelt or impossible. The setters are for the
 * thread that reads the configuration, before the start, and do not block.
 */
public final class MooringModule extends ContainerLifeCycle {

    /** Accepted so that a base that was made for Jetty's own stores still starts, and said to do nothing. */
    private static final Set<Property> WITHOUT_MEANING = EnumSet.of(
            Property.SAVE_PERIOD, Property.FLUSH_ON_RESPONSE_COMMIT, Property.USE_QUERIES, Property.ONLY_CLIENT);

    /** Said by the user's Hazelcast configuration where there is one. */
    private static final Set<Property> NETWORK =
            EnumSet.of(Property.BIND_ADDRESS, Property.PORT, Property.MEMBERS, Property.ADDRESSES);

    private static final Logger LOG = LoggerFactory.getLogger(MooringModule.class);

    /** How this node takes part in the cluster. */
    private enum Mode {
        /** As a member that carries its part of the sessions. */
        MEMBER,
        /** As a client of plain Hazelcast servers. */
        CLIENT;

        /** The properties that only the other mode reads. */
        Set<Property> ignored() {
            return switch (this) {
                case MEMBER -> EnumSet.of(Property.ADDRESSES);
                case CLIENT ->
                    EnumSet.of(Property.BIND_ADDRESS, Property.PORT, Property.MEMBERS, Property.BACKUP_COUNT);
            };
        }
    }

    private final Server server;
    private final Settings settings = new Settings();
    private Mode mode = Mode.MEMBER;

    /**
     * A module for {@code server}, with the defaults that the README lists, and not started.
     *
     * @param server the server whose sessions it is for
     */
    public MooringModule(Server server) {
        this.server = Objects.requireNonNull(server, "server");
    }

    /**
     * The worker name of a node that sets none: empty, so that its session ids carry no suffix, unless the environment
     * numbers the nodes as Jetty lets it.
     *
     * @param instance the environment variable {@code JETTY_WORKER_INSTANCE}; {@code null} or empty where it is not set
     * @return {@code "node" + instance}, or nothing
     */
    public static String defaultWorkerName(@Nullable String instance) {
        return instance == null || instance.isBlank() ? "" : "node" + instance.strip();
    }

    /** Makes this node a client of plain Hazelcast servers instead of a member. */
    public void useClient() {
        mode = Mode.CLIENT;
    }

    /** What was set so far. */
    Settings settings() {
        return settings;
    }

    @Override
    protected void doStart() throws Exception {
        GridConfig grid = mode == Mode.CLIENT ? settings.client() : settings.member();
        SessionPolicy sessions = settings.sessionPolicy();
        SocketPolicy sockets = settings.socketPolicy();
        warnOfWhatHasNoMeaning();
        moor(grid, sessions, sockets);
        super.doStart();
    }

    /**
     * Joins the cluster and puts our parts into the server. Called once per start, before any web application starts.
     */
    private void moor(GridConfig config, SessionPolicy sessions, SocketPolicy sockets) {
        Grid grid = Grid.start(config, sessions.gracePeriod());
        Figures figures = new Figures();
        Deadlines deadlines = new Deadlines(server.getThreadPool());
        SessionDataStoreFactory stores = new GridSessionDataStoreFactory(grid, sessions);
        SessionCacheFactory caches = new LiveSessionCacheFactory(grid, sessions, deadlines, figures);
        Moorings moorings = new Moorings(sockets);
        HandlerInsertion insertion = new HandlerInsertion(moorings, sessions.onStoreFailure());
        server.addBean(stores);
        server.addBean(caches);
        server.addBean(insertion);
        NodeReport report = new NodeReport(server, grid, figures, moorings);
        addBean(report);
        // Jetty stops the web applications after this bean, and they still hand their sessions on: so what is
        // ours ends with the whole server.
        server.addEventListener(new LifeCycle.Listener() {
            @Override
            public void lifeCycleStopping(LifeCycle event) {
                // Before Jetty closes the connections without a word, and while the web applications still run.
                if (sessions.invalidateOnShutdown()) {
                    server.getContainedBeans(LiveSessionCache.class).forEach(LiveSessionCache::endAll);
                }
                moorings.nodeStops();
            }

            @Override
            public void lifeCycleStopped(LifeCycle event) {
                castOff();
            }

            @Override
            public void lifeCycleFailure(LifeCycle event, Throwable cause) {
                castOff();
            }

            private void castOff() {
                server.removeEventListener(this);
                removeBean(report);
                server.removeBean(insertion);
                server.removeBean(caches);
                server.removeBean(stores);
                deadlines.stop();
                grid.stop();
            }
        });
    }

    private void warnOfWhatHasNoMeaning() {
        Set<Property> ignored = EnumSet.copyOf(WITHOUT_MEANING);
        ignored.addAll(mode.ignored());
        if (settings.changed(Property.CONFIGURATION_LOCATION)) {
            ignored.addAll(NETWORK);
        }
        String changes = settings.changes(ignored);
        if (!changes.isEmpty()) {
            LOG.warn("Ignored, since it has no meaning for this module: {}", changes);
        }
    }

    /** {@code jetty.session.hazelcast.clusterName}: nodes with the same name form one cluster. */
    public void setClusterName(String value) {
        settings.set(Property.CLUSTER_NAME, value);
    }

    /** {@code jetty.session.hazelcast.bindAddress}: the one address that the embedded member listens on. */
    public void setBindAddress(String value) {
        settings.set(Property.BIND_ADDRESS, value);
    }

    /** {@code jetty.session.hazelcast.port}: the first port that the embedded member tries. */
    public void setPort(String value) {
        settings.set(Property.PORT, value);
    }

    /**
     * {@code jetty.session.hazelcast.members}: members to join, {@code host[:port]} separated by commas; empty: those
     * on the bind address.
     */
    public void setMembers(String value) {
        settings.set(Property.MEMBERS, value);
    }

    /**
     * {@code jetty.session.hazelcast.addresses}: the servers that a client connects to, {@code host[:port]} separated
     * by commas.
     */
    public void setAddresses(String value) {
        settings.set(Property.ADDRESSES, value);
    }

    /**
     * {@code jetty.session.hazelcast.configurationLocation}: a Hazelcast XML or YAML file, taken instead of the network
     * settings; relative to the Jetty base.
     */
    public void setConfigurationLocation(String value) {
        settings.set(Property.CONFIGURATION_LOCATION, value);
    }

    /**
     * {@code jetty.session.hazelcast.hazelcastInstanceName}: the name of an instance; one of this JVM is used as it is.
     */
    public void setHazelcastInstanceName(String value) {
        settings.set(Property.INSTANCE_NAME, value);
    }

    /** {@code jetty.session.hazelcast.mapName}: the name of the map that holds the sessions. */
    public void setMapName(String value) {
        settings.set(Property.MAP_NAME, value);
    }

    /** {@code jetty.session.hazelcast.backupCount}: synchronous backups of every session, 0 to 6. */
    public void setBackupCount(String value) {
        settings.set(Property.BACKUP_COUNT, value);
    }

    /** {@code jetty.session.hazelcast.useQueries}: of Jetty's own Hazelcast store; without a meaning here. */
    public void setUseQueries(String value) {
        settings.set(Property.USE_QUERIES, value);
    }

    /**
     * {@code jetty.session.hazelcast.onlyClient}: of Jetty's own Hazelcast store; without a meaning here, the module
     * decides.
     */
    public void setOnlyClient(String value) {
        settings.set(Property.ONLY_CLIENT, value);
    }

    /**
     * {@code jetty.session.evictionPolicy}: after how many idle seconds an unused session leaves this node's memory;
     * -1: never, 0: soon.
     */
    public void setEvictionPolicy(String value) {
        settings.set(Property.EVICTION_POLICY, value);
    }

    /** {@code jetty.session.saveOnCreate}: whether a new session is stored before its first response. */
    public void setSaveOnCreate(String value) {
        settings.set(Property.SAVE_ON_CREATE, value);
    }

    /** {@code jetty.session.saveOnInactiveEviction}: as in Jetty, for a cache in front of another store. */
    public void setSaveOnInactiveEviction(String value) {
        settings.set(Property.SAVE_ON_INACTIVE_EVICTION, value);
    }

    /** {@code jetty.session.removeUnloadableSessions}: whether a session's record is removed if it is damaged. */
    public void setRemoveUnloadableSessions(String value) {
        settings.set(Property.REMOVE_UNLOADABLE_SESSIONS, value);
    }

    /** {@code jetty.session.flushOnResponseCommit}: always done, so {@code false} is without a meaning here. */
    public void setFlushOnResponseCommit(String value) {
        settings.set(Property.FLUSH_ON_RESPONSE_COMMIT, value);
    }

    /**
     * {@code jetty.session.invalidateOnShutdown}: whether a stop of this node ends its sessions, for the whole cluster.
     */
    public void setInvalidateOnShutdown(String value) {
        settings.set(Property.INVALIDATE_ON_SHUTDOWN, value);
    }

    /**
     * {@code jetty.session.gracePeriod.seconds}: how long a record outlives its session if no node removes it, in
     * seconds.
     */
    public void setGracePeriodSeconds(String value) {
        settings.set(Property.GRACE_PERIOD, value);
    }

    /**
     * {@code jetty.session.savePeriod.seconds}: Jetty's pause between writes of access times, in seconds; without a
     * meaning here.
     */
    public void setSavePeriodSeconds(String value) {
        settings.set(Property.SAVE_PERIOD, value);
    }

    /** {@code jetty.session.attributeFilter}: JEP 290 pattern of the classes that attributes may be deserialised to. */
    public void setAttributeFilter(String value) {
        settings.set(Property.ATTRIBUTE_FILTER, value);
    }

    /** {@code jetty.session.maxAttributes}: how many attributes one session may have. */
    public void setMaxAttributes(String value) {
        settings.set(Property.MAX_ATTRIBUTES, value);
    }

    /** {@code jetty.session.maxAttributeBytes}: how many bytes one attribute may take. */
    public void setMaxAttributeBytes(String value) {
        settings.set(Property.MAX_ATTRIBUTE_BYTES, value);
    }

    /** {@code jetty.session.maxSessionBytes}: how many bytes the attributes of one session may take together. */
    public void setMaxSessionBytes(String value) {
        settings.set(Property.MAX_SESSION_BYTES, value);
    }

    /**
     * {@code jetty.session.nonSerializable}: what becomes of an attribute that cannot be serialised: reject, local or
     * spec.
     */
    public void setNonSerializable(String value) {
        settings.set(Property.NON_SERIALIZABLE, value);
    }

    /**
     * {@code jetty.session.onStoreFailure}: what becomes of a request whose session cannot be read: reject or
     * anonymous.
     */
    public void setOnStoreFailure(String value) {
        settings.set(Property.ON_STORE_FAILURE, value);
    }

    /**
     * {@code jetty.session.websocket.keepAlive}: what keeps the session of an open WebSocket alive: messages, open or
     * none.
     */
    public void setKeepAlive(String value) {
        settings.set(Property.KEEP_ALIVE, value);
    }

    /**
     * {@code jetty.session.websocket.closeOnSessionEnd}: which WebSockets of an ended session are closed: all,
     * authenticated or none.
     */
    public void setCloseOnSessionEnd(String value) {
        settings.set(Property.CLOSE_ON_SESSION_END, value);
    }

    /** {@code jetty.session.websocket.createSession}: whether an upgrade that brings no session creates one. */
    public void setCreateSession(String value) {
        settings.set(Property.CREATE_SESSION, value);
    }

    /**
     * {@code jetty.session.websocket.sameOrigin}: whether an upgrade with a session cookie from another origin is
     * refused.
     */
    public void setSameOrigin(String value) {
        settings.set(Property.SAME_ORIGIN, value);
    }
}
