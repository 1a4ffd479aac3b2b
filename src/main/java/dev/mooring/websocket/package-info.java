/**
 * Open WebSockets, tied to the sessions they were opened with: bound at the upgrade, closed when the session ends, and
 * counted as activity of the session. The only package that imports Jetty's {@code websocket-core}.
 */
@NullMarked
package dev.mooring.websocket;

import org.jspecify.annotations.NullMarked;
