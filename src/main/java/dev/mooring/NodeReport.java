package dev.mooring;

import dev.mooring.grid.Grid;
import dev.mooring.session.Figures;
import dev.mooring.session.LiveSessionCache;
import dev.mooring.websocket.Moorings;
import java.io.IOException;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.annotation.ManagedAttribute;
import org.eclipse.jetty.util.annotation.ManagedObject;
import org.eclipse.jetty.util.component.Dumpable;
import org.eclipse.jetty.util.component.DumpableCollection;

/**
 * What this node can say about itself, by {@code Server.dump()} and by JMX, where Jetty's {@code jmx} module makes a
 * bean of it: {@code dev.mooring:type=nodereport,*}. Counts are since the start. Thread-safe; nothing blocks.
 */
@ManagedObject("The clustered sessions and WebSockets of this node")
public final class NodeReport implements Dumpable {

    private final Server server;
    private final Grid grid;
    private final Figures figures;
    private final Moorings moorings;

    NodeReport(Server server, Grid grid, Figures figures, Moorings moorings) {
        this.server = server;
        this.grid = grid;
        this.figures = figures;
        this.moorings = moorings;
    }

    /** The name of the cluster. */
    @ManagedAttribute("name of the cluster")
    public String getClusterName() {
        return grid.clusterName();
    }

    /** How this node is called in the cluster; made anew at each start. */
    @ManagedAttribute("id of this node")
    public String getNode() {
        return grid.node();
    }

    /** How many members the cluster has, as far as this node knows. */
    @ManagedAttribute("members of the cluster")
    public int getClusterNodes() {
        return grid.members();
    }

    /** The name of the map that holds the sessions. */
    @ManagedAttribute("name of the map")
    public String getMapName() {
        return grid.mapName();
    }

    /** Sessions in this node's memory, of all web applications. */
    @ManagedAttribute("sessions in this node's memory")
    public long getSessions() {
        return sum(LiveSessionCache::size);
    }

    /** Session objects that applications may hold on this node: those of {@link #getSessions()}, and evicted ones. */
    @ManagedAttribute("session objects that applications may hold")
    public long getHandles() {
        return sum(LiveSessionCache::handles);
    }

    private long sum(ToLongFunction<LiveSessionCache> count) {
        return server.getContainedBeans(LiveSessionCache.class).stream()
                .mapToLong(count)
                .sum();
    }

    /** Open WebSockets that are tied to a session. */
    @ManagedAttribute("open WebSockets that are tied to a session")
    public int getWebSockets() {
        return moorings.size();
    }

    /** WebSockets that this node has closed, by close reason. */
    @ManagedAttribute("WebSockets closed by this node, by reason")
    public Map<String, Long> getCloses() {
        return moorings.closes();
    }

    /** Loads of whole sessions. */
    @ManagedAttribute("loads of whole sessions")
    public long getLoads() {
        return figures.loads().count();
    }

    /** Mean time of a load, in microseconds. */
    @ManagedAttribute("mean time of a load in microseconds")
    public long getLoadMeanMicros() {
        return figures.loads().meanMicros();
    }

    /** Longest time of a load, in microseconds. */
    @ManagedAttribute("longest time of a load in microseconds")
    public long getLoadMaxMicros() {
        return figures.loads().maxMicros();
    }

    /** Reads of what other nodes have changed. */
    @ManagedAttribute("reads of what other nodes have changed")
    public long getReloads() {
        return figures.reloads().count();
    }

    /** Mean time of a reload, in microseconds. */
    @ManagedAttribute("mean time of a reload in microseconds")
    public long getReloadMeanMicros() {
        return figures.reloads().meanMicros();
    }

    /** Longest time of a reload, in microseconds. */
    @ManagedAttribute("longest time of a reload in microseconds")
    public long getReloadMaxMicros() {
        return figures.reloads().maxMicros();
    }

    /** Writes of changes. */
    @ManagedAttribute("writes")
    public long getWrites() {
        return figures.writes().count();
    }

    /** Mean time of a write, in microseconds, without the time until other nodes know of it. */
    @ManagedAttribute("mean time of a write in microseconds")
    public long getWriteMeanMicros() {
        return figures.writes().meanMicros();
    }

    /** Longest time of a write, in microseconds, without the time until other nodes know of it. */
    @ManagedAttribute("longest time of a write in microseconds")
    public long getWriteMaxMicros() {
        return figures.writes().maxMicros();
    }

    /** Writes that met a change of another node; both are kept. */
    @ManagedAttribute("writes that met a change of another node")
    public long getConflicts() {
        return figures.conflicts();
    }

    /** Calls that the cluster did not confirm. */
    @ManagedAttribute("calls that the cluster did not confirm")
    public long getStoreFailures() {
        return figures.storeFailures();
    }

    /** Notices that this node has sent to other nodes. */
    @ManagedAttribute("notices sent")
    public long getNoticesSent() {
        return grid.inbox().sent();
    }

    /** Notices that this node has received. */
    @ManagedAttribute("notices received")
    public long getNoticesReceived() {
        return grid.inbox().received();
    }

    @Override
    public String dumpSelf() {
        return "Mooring: cluster " + getClusterName() + ", node " + getNode() + ", members " + getClusterNodes()
                + ", map " + getMapName();
    }

    @Override
    public void dump(Appendable out, String indent) throws IOException {
        Dumpable.dumpObjects(
                out,
                indent,
                this,
                "sessions " + getSessions() + ", handles " + getHandles(),
                "loads " + figures.loads(),
                "reloads " + figures.reloads(),
                "writes " + figures.writes() + ", conflicts " + getConflicts() + ", store failures "
                        + getStoreFailures(),
                "notices sent " + getNoticesSent() + ", received " + getNoticesReceived(),
                "closes " + getCloses(),
                new DumpableCollection("WebSockets", moorings.describe()));
    }
}
