#pragma once

#include "reports/export_tables.h"

namespace regsweep::reports {

// Producers of rows, one a table: what they hand out is in the order of export_tables.cpp's
// columns.
void store_rows(const ExportModel& model, RowSink& sink);
void space_rows(const ExportModel& model, RowSink& sink);
void repository_rows(const ExportModel& model, RowSink& sink);
void tag_rows(const ExportModel& model, RowSink& sink);
void blob_rows(const ExportModel& model, RowSink& sink);
void manifest_rows(const ExportModel& model, RowSink& sink);
void edge_rows(const ExportModel& model, RowSink& sink);
void link_rows(const ExportModel& model, RowSink& sink);
void alias_rows(const ExportModel& model, RowSink& sink);
void upload_rows(const ExportModel& model, RowSink& sink);
void finding_rows(const ExportModel& model, RowSink& sink);
void finding_subject_rows(const ExportModel& model, RowSink& sink);

}  // namespace regsweep::reports
