package dev.mooring.it;

import dev.mooring.nodes.JettyBase;
import dev.mooring.nodes.JettyNode;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * The web application {@code live} on one node in one environment. One WAR file, deployed byte-identical in both
 * environments of every node.
 *
 * @param node the node that it runs on
 * @param environment {@code ee10} or {@code ee11}
 */
record LiveWar(JettyNode node, String environment) {
    /** The environments that each node has. */
    static final List<String> ENVIRONMENTS = List.of("ee10", "ee11");

    /** Starts nodes that have it in every environment. */
    static NodeCluster onNodes(String name, int size, Mode mode) {
        return onNodes(name, size, mode, base -> {});
    }

    /** The same, with {@code more} in each node's base. */
    static NodeCluster onNodes(String name, int size, Mode mode, Consumer<JettyBase.Builder> more) {
        Consumer<JettyBase.Builder> war = LiveWar::addTo;
        return NodeCluster.start(name, size, mode, war.andThen(more));
    }

    /** Where to say {@code message} by HTTP. */
    URI say(String message) {
        return node.http(path() + "/say?m=" + URLEncoder.encode(message, StandardCharsets.UTF_8));
    }

    /** Where an endpoint is. */
    URI socket(Way way) {
        return node.ws(path() + "/" + way.name().toLowerCase(Locale.ROOT));
    }

    /** The context path. */
    String path() {
        return "/live-" + environment;
    }

    static void addTo(JettyBase.Builder base) {
        Path war = Path.of(System.getProperty("mooring.wars"), "live.war");
        base.modules("http");
        for (String environment : ENVIRONMENTS) {
            base.modules(environment + "-deploy", environment + "-websocket-jakarta")
                    .war("live-" + environment, war)
                    .environment("live-" + environment, environment);
        }
    }
}
