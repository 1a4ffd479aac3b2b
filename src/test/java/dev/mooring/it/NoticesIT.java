package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.nodes.JettyNode;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Three nodes: a write tells the other nodes that hold the session, and nobody else. */
class NoticesIT {
    private static final Pattern SENT = Pattern.compile("notices sent (\\d+), received (\\d+)");
    private static final int WRITES = 50;

    @ParameterizedTest
    @EnumSource(names = {"MEMBERS", "CLIENTS"})
    void areSentToTheOtherHoldersOnly(Mode mode) {
        NodeCluster cluster =
                LiveWar.onNodes("notices", 3, mode, base -> base.property("jetty.server.dumpBeforeStop", "true"));
        try (cluster) {
            Browser alone = cluster.newBrowser();
            alone.says(new LiveWar(cluster.node(0), "ee10"), "open alone");
            for (int i = 0; i < WRITES; i++) {
                alone.says(new LiveWar(cluster.node(0), "ee10"), "set value " + i);
            }

            Browser shared = cluster.newBrowser();
            shared.says(new LiveWar(cluster.node(0), "ee10"), "open shared");
            try (Socket socket = shared.opens(new LiveWar(cluster.node(1), "ee10"), Way.PLAIN)) {
                for (int i = 0; i < WRITES; i++) {
                    shared.says(new LiveWar(cluster.node(0), "ee10"), "set value " + i);
                    assertThat(socket.asks("get value")).isEqualTo(String.valueOf(i));
                }
                for (int i = 0; i < WRITES; i++) {
                    assertThat(socket.asks("set other " + i)).isEqualTo("ok");
                }
            }
        }

        cluster.logs().passes(List.of("/live-ee10"));
        // None for a write while a node is given up, which a busy machine may have held up.
        List<Integer> sent = noticesSentBy(cluster.processes());
        assertThat(sent.subList(0, 2)).allSatisfy(each -> assertThat(each).isBetween(WRITES / 2, WRITES));
        assertThat(sent.get(2)).isZero();
    }

    private static List<Integer> noticesSentBy(List<JettyNode> nodes) {
        return nodes.stream()
                .map(node -> node.log().stream()
                        .map(SENT::matcher)
                        .filter(Matcher::find)
                        .findFirst()
                        .orElseThrow(() -> new AssertionError(node + " dumped no figures")))
                .map(figures -> Integer.parseInt(figures.group(1)))
                .toList();
    }
}
