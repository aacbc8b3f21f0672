// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/actor_metrics.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lepton::node {
namespace {

using actor::CellSnapshot;
using actor::ClassSnapshot;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Label = ClientMetric::Label;

/// The buckets of a DurationHistogram that are shown, as powers of two of nanoseconds: 1 µs, 16 µs,
/// 131 µs, then factors of four from 1 ms to 17 s.
constexpr std::size_t kShownBuckets[] = {10, 14, 17, 20, 22, 24, 26, 28, 30, 32, 34};

std::vector<Label> labels_of(const CellSnapshot& cell) {
    return {{"actor", cell.name}};
}
std::vector<Label> labels_of(const CellSnapshot& cell, const ClassSnapshot& messages) {
    return {{"actor", cell.name}, {"message", std::string(messages.spec.message)}};
}

double seconds(std::uint64_t nanoseconds) {
    return static_cast<double>(nanoseconds) / 1e9;
}

ClientMetric::Histogram histogram(const actor::DurationHistogram& counts, std::uint64_t sum_ns) {
    ClientMetric::Histogram out;
    std::size_t next = 0;
    for (const std::size_t shown : kShownBuckets) {
        for (; next <= shown; ++next) out.sample_count += counts[next];
        out.bucket.push_back({out.sample_count, seconds(std::uint64_t{1} << shown)});
    }
    for (; next < counts.size(); ++next) out.sample_count += counts[next];
    out.bucket.push_back({out.sample_count, std::numeric_limits<double>::infinity()});
    out.sample_sum = seconds(sum_ns);
    return out;
}

class Families {
  public:
    explicit Families(std::span<const CellSnapshot> cells) : cells_(cells) {}

    template <class Value>
    void of_cells(MetricType type, std::string name, std::string help, Value value) {
        MetricFamily& family = add(type, std::move(name), std::move(help));
        for (const CellSnapshot& cell : cells_) {
            family.metric.push_back(metric(type, labels_of(cell), value(cell)));
        }
    }

    template <class Value>
    void of_classes(MetricType type, std::string name, std::string help, Value value) {
        MetricFamily& family = add(type, std::move(name), std::move(help));
        for (const CellSnapshot& cell : cells_) {
            for (const ClassSnapshot& messages : cell.classes) {
                family.metric.push_back(metric(type, labels_of(cell, messages), value(messages)));
            }
        }
    }

    /// Accepted messages that no handler saw, by what happened instead.
    void dropped(std::string name, std::string help) {
        MetricFamily& family = add(MetricType::Counter, std::move(name), std::move(help));
        for (const CellSnapshot& cell : cells_) {
            for (const ClassSnapshot& messages : cell.classes) {
                const std::pair<std::string_view, std::uint64_t> reasons[] = {
                    {"displaced", messages.dropped}, {"stopped", messages.undelivered}};
                for (const auto& [reason, count] : reasons) {
                    std::vector<Label> labels = labels_of(cell, messages);
                    labels.push_back({"reason", std::string(reason)});
                    family.metric.push_back(metric(MetricType::Counter, std::move(labels), count));
                }
            }
        }
    }

    std::vector<MetricFamily> take() { return std::move(families_); }

  private:
    MetricFamily& add(MetricType type, std::string name, std::string help) {
        return families_.emplace_back(MetricFamily{std::move(name), std::move(help), type, {}});
    }

    static ClientMetric metric(MetricType type, std::vector<Label> labels, std::uint64_t value) {
        ClientMetric out;
        out.label = std::move(labels);
        (type == MetricType::Counter ? out.counter.value : out.gauge.value) =
            static_cast<double>(value);
        return out;
    }
    static ClientMetric metric(MetricType /*type*/,
                               std::vector<Label> labels,
                               ClientMetric::Histogram value) {
        ClientMetric out;
        out.label = std::move(labels);
        out.histogram = std::move(value);
        return out;
    }

    std::span<const CellSnapshot> cells_;
    std::vector<MetricFamily> families_;
};

}  // namespace

std::vector<MetricFamily> ActorMetrics::Collect() const {
    constexpr MetricType kCounter = MetricType::Counter;
    constexpr MetricType kGauge = MetricType::Gauge;
    constexpr MetricType kHistogram = MetricType::Histogram;
    const std::vector<CellSnapshot> cells = system_.snapshot();
    Families families(cells);

    families.of_cells(kGauge,
                      "lepton_actor_running",
                      "1 while the actor handles messages",
                      [](const CellSnapshot& cell) -> std::uint64_t {
                          return cell.state == actor::CellState::running ? 1 : 0;
                      });
    families.of_cells(kCounter,
                      "lepton_actor_restarts_total",
                      "Starts after the first",
                      [](const CellSnapshot& cell) -> std::uint64_t {
                          return cell.incarnation > 1 ? cell.incarnation - 1 : 0;
                      });
    families.of_cells(kCounter,
                      "lepton_actor_slow_turns_total",
                      "Handlers that kept their thread too long",
                      [](const CellSnapshot& cell) { return cell.slow_turns; });
    families.of_cells(kGauge,
                      "lepton_actor_asks_open",
                      "Asks of this actor that wait for their answer",
                      [](const CellSnapshot& cell) {
                          const std::uint64_t over = cell.asks_completed + cell.asks_forgotten;
                          // Read one after the other while they count.
                          return cell.asks_opened > over ? cell.asks_opened - over : 0;
                      });
    families.of_cells(kCounter,
                      "lepton_actor_late_replies_total",
                      "Answers to asks of this actor that were over",
                      [](const CellSnapshot& cell) { return cell.late_replies; });
    families.of_cells(
        kGauge, "lepton_actor_timers", "Timers that are set", [](const CellSnapshot& cell) {
            return cell.timers;
        });

    families.of_classes(kGauge,
                        "lepton_actor_mailbox_depth",
                        "Messages that wait",
                        [](const ClassSnapshot& messages) { return messages.depth; });
    families.of_classes(kGauge,
                        "lepton_actor_mailbox_high_water",
                        "Most messages that ever waited",
                        [](const ClassSnapshot& messages) { return messages.high_water; });
    families.of_classes(kCounter,
                        "lepton_actor_messages_enqueued_total",
                        "Messages that the mailbox took",
                        [](const ClassSnapshot& messages) { return messages.enqueued; });
    families.of_classes(kCounter,
                        "lepton_actor_messages_handled_total",
                        "Messages given to a handler",
                        [](const ClassSnapshot& messages) { return messages.handled; });
    families.of_classes(kCounter,
                        "lepton_actor_messages_refused_total",
                        "Messages given back to their sender because their class was full",
                        [](const ClassSnapshot& messages) { return messages.rejected; });
    families.dropped("lepton_actor_messages_dropped_total",
                     "Messages that were taken and not handled: displaced by newer ones, or left "
                     "over when the actor stopped");
    families.of_classes(kHistogram,
                        "lepton_actor_message_waiting_seconds",
                        "Time in the mailbox, of about every eighth message",
                        [](const ClassSnapshot& messages) {
                            return histogram(messages.waiting_ns, messages.waiting_sum_ns);
                        });
    families.of_classes(kHistogram,
                        "lepton_actor_message_handling_seconds",
                        "Time in the handler",
                        [](const ClassSnapshot& messages) {
                            return histogram(messages.handling_ns, messages.handling_sum_ns);
                        });
    return families.take();
}

}  // namespace lepton::node
