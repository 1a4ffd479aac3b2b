package dev.mooring.it;

import org.junit.jupiter.api.Tag;

/** {@link SocketRulesIT}, on nodes that are clients of plain servers. */
@Tag("stress")
class ClientSocketRulesIT extends SocketRulesIT {}
