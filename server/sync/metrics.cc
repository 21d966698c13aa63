#include "server/sync/metrics.h"

#include <fmt/format.h>

#include "engine/codec/archive.h"

namespace rollcall {
namespace {

class Text {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(out(), "# HELP rollcall_{0} {1}\n# TYPE rollcall_{0} {2}\n", name, help, type);
  }
  template <class T>
  void one(std::string_view name, std::string_view type, std::string_view help, T value) {
    family(name, type, help);
    fmt::format_to(out(), "rollcall_{} {}\n", name, value);
  }
  void labelled(std::string_view name, std::string_view label, std::string_view is,
                std::uint64_t value) {
    fmt::format_to(out(), "rollcall_{}{{{}=\"{}\"}} {}\n", name, label, is, value);
  }
  void histogram(std::string_view name, std::string_view help, const Histogram& histogram) {
    family(name, "histogram", help);
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < Histogram::bounds; ++i) {
      count += histogram.buckets[i].load(std::memory_order_relaxed);
      fmt::format_to(out(), "rollcall_{}_bucket{{le=\"{}\"}} {}\n", name, 1u << i, count);
    }
    count += histogram.buckets[Histogram::bounds].load(std::memory_order_relaxed);
    fmt::format_to(out(), "rollcall_{0}_bucket{{le=\"+Inf\"}} {1}\nrollcall_{0}_sum {2}\n", name,
                   count, histogram.sum.load(std::memory_order_relaxed));
    fmt::format_to(out(), "rollcall_{}_count {}\n", name, count);
  }
  std::string take() { return std::move(text_); }

 private:
  std::back_insert_iterator<std::string> out() { return std::back_inserter(text_); }
  std::string text_;
};

}  // namespace

void Histogram::add(std::uint64_t value) {
  std::size_t bucket = 0;
  while (bucket < bounds && value > (std::uint64_t{1} << bucket)) ++bucket;
  buckets[bucket].fetch_add(1, std::memory_order_relaxed);
  sum.fetch_add(value, std::memory_order_relaxed);
}

std::string_view route_name(Route route) {
  switch (route) {
    case Route::sync: return "sync";
    case Route::enroll: return "enroll";
    case Route::schema: return "schema";
    case Route::healthz: return "healthz";
    case Route::metrics: return "metrics";
    case Route::other: break;
  }
  return "other";
}

void Metrics::refused(ErrorCode code) {
  const auto number = static_cast<std::size_t>(code);
  if (number < codes) refusals[number].fetch_add(1, std::memory_order_relaxed);
}

std::string prometheus_text(const Metrics& metrics, const MetricsNow& now) {
  const auto read = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
  Text text;
  text.family("requests_total", "counter", "Requests answered, by endpoint.");
  for (std::size_t i = 0; i < route_count; ++i) {
    text.labelled("requests_total", "endpoint", route_name(static_cast<Route>(i)),
                  read(metrics.requests[i]));
  }
  text.family("refusals_total", "counter", "Answers that were not 200, by error.");
  for (std::size_t i = 0; i < Metrics::codes; ++i) {
    if (const std::uint64_t count = read(metrics.refusals[i])) {
      text.labelled("refusals_total", "code", error_name(static_cast<ErrorCode>(i)), count);
    }
  }
  text.family("limited_total", "counter", "What went over a limit, by limit.");
  for (std::size_t i = 0; i < limit_names.size(); ++i) {
    const auto limit = static_cast<Limit>(i);
    text.labelled("limited_total", "limit", limit_names[i],
                  metrics.limits.hits(limit) + (now.limits ? now.limits->hits(limit) : 0));
  }
  text.one("received_bytes_total", "counter", "Bytes of requests, heads and bodies.",
           read(metrics.bytes_in));
  text.one("sent_bytes_total", "counter", "Bytes of answers, heads and bodies.",
           read(metrics.bytes_out));
  text.one("pushes_total", "counter", "Requests that brought transactions.", read(metrics.pushes));
  text.family("transactions_total", "counter", "Transactions judged, by verdict.");
  for (const VerdictKind kind :
       {VerdictKind::applied, VerdictKind::merged, VerdictKind::rejected, VerdictKind::parked}) {
    text.labelled("transactions_total", "verdict", *name_of_enum(kind),
                  read(metrics.transactions[static_cast<std::size_t>(kind)]));
  }
  text.one("rows_sent_total", "counter", "Rows in tail and bootstrap pages.",
           read(metrics.rows_out));
  text.one("pages_sent_total", "counter", "Tail and bootstrap pages with rows.",
           read(metrics.pages_out));
  text.one("commits_total", "counter", "Commits of pushes, grants, enrolments and the like.",
           read(metrics.commits));
  text.one("fsyncs_total", "counter",
           "Flushes that commits waited for: one each, of the write-ahead log; checkpoints aside.",
           read(metrics.commits));
  text.histogram("commit_pushes", "Pushes of one group commit.", metrics.commit_pushes);
  text.histogram("commit_transactions", "Transactions of one group commit.",
                 metrics.commit_transactions);
  text.histogram("commit_milliseconds", "Time from taking a group to its being durable.",
                 metrics.commit_ms);
  text.one("polls_waiting", "gauge", "Long polls that wait.", read(metrics.polls_waiting));
  text.one("polls_woken_total", "counter", "Long polls that a commit woke.",
           read(metrics.polls_woken));
  text.one("reader_queue", "gauge", "Requests that wait for a reader.", read(metrics.reader_queue));
  text.one("writer_queue", "gauge", "Pushes that wait for a writer.", read(metrics.writer_queue));
  text.one("connections", "gauge", "Open connections.", now.connections);
  text.one("connections_accepted_total", "counter", "Connections taken.", now.connections_accepted);
  text.one("handshakes_failed_total", "counter", "TLS handshakes that failed.",
           now.handshakes_failed);
  if (now.certificate_expires_s) {
    text.one("certificate_expires_timestamp_seconds", "gauge", "When the TLS certificate expires.",
             *now.certificate_expires_s);
  }
  text.one("held_bytes", "gauge", "Bytes of bodies in memory.", now.held_bytes);
  text.one("spaces", "gauge", "Spaces served.", now.spaces);
  text.one("uptime_milliseconds", "gauge", "Time since the start.", now.uptime_ms);
  return text.take();
}

}  // namespace rollcall
