/**
 * A driver that tries to refute that nothing is lost and nothing stale: real nodes, writers by HTTP and by WebSocket,
 * readers that look at another node as soon as a write is finished, ids that change meanwhile. Also pointed at Jetty's
 * own modules, to prove that it can fail. Start reading at {@link dev.mooring.driver.Driver}.
 */
@NullMarked
package dev.mooring.driver;

import org.jspecify.annotations.NullMarked;
