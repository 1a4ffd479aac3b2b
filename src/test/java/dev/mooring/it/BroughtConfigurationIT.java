package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.nodes.JettyBase;
import dev.mooring.nodes.JettyNode;
import dev.mooring.nodes.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Two nodes whose Hazelcast is configured by a file of the user's, in the Jetty base. */
class BroughtConfigurationIT {

    private static final String YAML = """
            hazelcast:
              cluster-name: said-elsewhere
              properties:
                hazelcast.max.no.heartbeat.seconds: 30
              network:
                port:
                  port: PORT
                interfaces:
                  enabled: true
                  interfaces: [127.0.0.1]
                join:
                  auto-detection:
                    enabled: false
                  multicast:
                    enabled: false
                  tcp-ip:
                    enabled: true
                    member-list: ["127.0.0.1:PORT", "127.0.0.1:NEXT"]
              split-brain-protection:
                both:
                  enabled: true
                  minimum-cluster-size: 2
              map:
                jetty-sessions:
                  in-memory-format: OBJECT
                  split-brain-protection-ref: both
            """;

    @Test
    void isTakenInsteadOfTheNetworkSettings() {
        int port = IntStream.generate(Ports::free)
                .filter(each -> Ports.isFree(each + 1))
                .findFirst()
                .orElseThrow();
        NodeCluster cluster = NodeCluster.start(
                "brought",
                2,
                Mode.MEMBERS,
                base -> LiveWar.addTo(
                        base.property("jetty.session.hazelcast.configurationLocation", "etc/hazelcast.yaml")
                                .property("jetty.session.hazelcast.hazelcastInstanceName", "brought")),
                base -> write(base, port));
        try (cluster) {
            Browser browser = cluster.newBrowser();
            browser.says(new LiveWar(cluster.node(0), "ee10"), "open brought");
            try (Socket socket = browser.opens(new LiveWar(cluster.node(1), "ee10"), Way.PLAIN)) {
                browser.says(new LiveWar(cluster.node(0), "ee10"), "set value 1");
                assertThat(socket.asks("get value")).isEqualTo("1");
            }
            whoIsLeftOnTheSmallerSideIsRefused(cluster, browser);
        }
        cluster.logs()
                .expecting("is not as Mooring would have it|Ignored, since it has no meaning", "looked at below")
                .expecting(":dm[gs]\\.", "the smaller side is refused")
                .passes(List.of("/live-ee10", "/live-ee11"));
        for (JettyNode node : cluster.processes()) {
            assertThat(node.log())
                    .filteredOn(line -> line.contains("is not as Mooring would have it"))
                    .singleElement()
                    .asString()
                    .contains("hazelcast.yaml", "hazelcast.max.no.heartbeat.seconds=30 (here 10)")
                    .doesNotContain("call.timeout");
            assertThat(node.log())
                    .filteredOn(line -> line.contains("Ignored, since it has no meaning"))
                    .singleElement()
                    .asString()
                    .contains("jetty.session.hazelcast.members")
                    .doesNotContain("clusterName");
            assertThat(node.log()).anyMatch(line -> line.contains("cluster " + cluster.name() + ","));
        }
    }

    private static void whoIsLeftOnTheSmallerSideIsRefused(NodeCluster cluster, Browser browser) {
        LiveWar left = new LiveWar(cluster.node(0), "ee10");
        String cookie = browser.sessionCookie(left.say(""));
        try (Socket socket = browser.opens(left, Way.PLAIN)) {
            cluster.kill(1);

            await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
                HttpResponse<String> response = browser.gets(left.say("set value 2"));
                assertThat(response.statusCode()).isEqualTo(503);
                assertThat(response.headers().firstValue("Retry-After")).isPresent();
            });
            assertThat(browser.gets(left.say("get value")).statusCode()).isEqualTo(503);
            assertThat(browser.upgrades(left.socket(Way.CONFIGURED))).isEqualTo(503);
            assertThat(socket.asks("try get value")).startsWith("!StoreUnavailableException");
            assertThat(socket.asks("try set value 3")).startsWith("!StoreUnavailableException");
            assertThat(browser.sessionCookie(left.say(""))).isEqualTo(cookie);
        }
    }

    private static void write(JettyBase base, int port) {
        Path file = base.directory().resolve("etc").resolve("hazelcast.yaml");
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(
                    file, YAML.replace("NEXT", String.valueOf(port + 1)).replace("PORT", String.valueOf(port)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
