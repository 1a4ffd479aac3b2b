package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code invalidateOnShutdown=true}: a node that stops ends the sessions in its memory, for the whole cluster. */
class ShutdownEndIT {
    private static final String ENVIRONMENT = "ee10";

    private NodeCluster cluster;

    @ParameterizedTest
    @EnumSource(names = {"MEMBERS", "CLIENTS"})
    void endsTheSessionsOfTheNodeEverywhereAndNoOthers(Mode mode) {
        cluster = LiveWar.onNodes(
                "shutdown-end", 2, mode, base -> base.property("jetty.session.invalidateOnShutdown", "true"));
        try (NodeCluster nodes = cluster) {
            Browser leaving = cluster.newBrowser();
            leaving.says(on(0), "open leaving");
            leaving.says(on(0), "set logged yes");
            Socket here = leaving.opens(on(0), Way.CONFIGURED);
            Socket there = leaving.opens(on(1), Way.PLAIN);
            Browser staying = cluster.newBrowser();
            staying.says(on(1), "open staying");
            Socket other = staying.opens(on(1), Way.CONFIGURED);

            cluster.stop(0);

            Ends.invalidated(here);
            Ends.invalidated(there);
            assertThat(leaving.says(on(1), "get who")).isEqualTo("none");
            assertThat(cluster.processes().get(0).log())
                    .filteredOn(line -> line.endsWith("destroyed leaving"))
                    .hasSize(1);
            assertThat(cluster.newBrowser().says(on(1), "journal destroyed ")).isEmpty();
            assertThat(other.asks("get who")).isEqualTo("staying");
        }
        LogCheck.of(cluster).passes(List.of(on(0).path()));
    }

    private LiveWar on(int node) {
        return new LiveWar(cluster.node(node), ENVIRONMENT);
    }
}
